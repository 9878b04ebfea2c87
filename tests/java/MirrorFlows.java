import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What MirrorMaker 2 hands to the workers, connectors and consumers of its flows. Standard input holds
 * one case after another: "case", then "KEY=VALUE" lines of its file and "flow SOURCE TARGET" lines,
 * then "end". Each is answered with lines parted by tabs, "worker FLOW KEY VALUE" (workerConfig),
 * "connector FLOW KEY VALUE" (connectorBaseConfig) and "consumer FLOW KEY VALUE" (the source
 * connector's sourceConsumerConfig), then a line "end".
 */
public final class MirrorFlows {
    private static final PrintStream OUT =
            new PrintStream(System.out, false, StandardCharsets.UTF_8);
    private static final String PACKAGE = "org.apache.kafka.connect.mirror.";

    private MirrorFlows() {}

    public static void main(String[] arguments) throws Exception {
        BufferedReader input =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Map<String, String> file = new LinkedHashMap<>();
        Map<String, String[]> flows = new LinkedHashMap<>();
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            if (line.equals("case")) {
                file = new LinkedHashMap<>();
                flows = new LinkedHashMap<>();
            } else if (line.startsWith("flow ")) {
                flows.put(line, line.split(" "));
            } else if (line.equals("end")) {
                Object config = Class.forName(PACKAGE + "MirrorMakerConfig")
                        .getConstructor(Map.class).newInstance(file);
                for (String[] flow : flows.values()) {
                    answer(config, flow[1], flow[2]);
                }
                OUT.println("end");
            } else {
                int cut = line.indexOf('=');
                file.put(line.substring(0, cut), line.substring(cut + 1));
            }
        }
        OUT.flush();
    }

    private static void answer(Object config, String source, String target) throws Exception {
        Object pair = Class.forName(PACKAGE + "SourceAndTarget")
                .getConstructor(String.class, String.class).newInstance(source, target);
        Class<?> connector = Class.forName(PACKAGE + "MirrorSourceConnector");
        Object worker = called(config, "workerConfig", pair);
        Object base = called(config, "connectorBaseConfig", pair, connector);
        String flow = source + "->" + target;
        tell("worker", flow, (Map<?, ?>) worker);
        tell("connector", flow, (Map<?, ?>) base);
        tell("consumer", flow, (Map<?, ?>) called(source((Map<?, ?>) base), "sourceConsumerConfig"));
    }

    /** The source connector's configuration, whose class is its own from 3.5 on. */
    private static Object source(Map<?, ?> settings) throws Exception {
        Class<?> type;
        try {
            type = Class.forName(PACKAGE + "MirrorSourceConfig");
        } catch (ClassNotFoundException older) {
            type = Class.forName(PACKAGE + "MirrorConnectorConfig");
        }
        Constructor<?> constructor = type.getDeclaredConstructor(Map.class);
        constructor.setAccessible(true);
        return constructor.newInstance(settings);
    }

    /** What the first method of a name gives that takes these, or these and a client's role. */
    private static Object called(Object on, String name, Object... given) throws Exception {
        for (Class<?> type = on.getClass(); type != null; type = type.getSuperclass()) {
            for (Method method : type.getDeclaredMethods()) {
                Class<?>[] takes = method.getParameterTypes();
                int more = takes.length - given.length;
                boolean role = more == 1 && takes[takes.length - 1] == String.class;
                if (!method.getName().equals(name) || more != 0 && !role) {
                    continue;
                }
                Object[] all = java.util.Arrays.copyOf(given, takes.length);
                if (role) {
                    all[takes.length - 1] = "replication-consumer";
                }
                method.setAccessible(true);
                return method.invoke(on, all);
            }
        }
        throw new NoSuchMethodException(name);
    }

    private static void tell(String what, String flow, Map<?, ?> settings) {
        Map<String, Object> sorted = new TreeMap<>();
        settings.forEach((key, value) -> sorted.put(String.valueOf(key), value));
        sorted.forEach((key, value) ->
                OUT.println(what + "\t" + flow + "\t" + key + "\t"
                        + String.valueOf(value).replaceAll("\\s+", " ")));
    }
}
