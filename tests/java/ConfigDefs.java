import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What Kafka's own ConfigDefs make of configurations. Standard input holds one case after another:
 * "case CLASS", then "KEY=VALUE" lines, then "end". A class is one of Connect's configurations
 * (constructed from the map), or a connector (its config() validates the map). Each case is answered
 * with lines parted by tabs, "value KEY VALUE", "unknown KEY" for a key without a definition,
 * "refused KEY REASON" ("-" where it is not told of which key), then a line "end".
 */
public final class ConfigDefs {
    private static final PrintStream OUT =
            new PrintStream(System.out, false, StandardCharsets.UTF_8);

    private ConfigDefs() {}

    public static void main(String[] arguments) throws Exception {
        BufferedReader input =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String name = null;
        Map<String, String> settings = new LinkedHashMap<>();
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            if (line.startsWith("case ")) {
                name = line.substring(5);
                settings = new LinkedHashMap<>();
            } else if (line.equals("end")) {
                try {
                    answer(Class.forName(name), settings);
                } catch (Throwable problem) {
                    Throwable cause = problem;
                    while (cause instanceof InvocationTargetException) {
                        cause = cause.getCause();
                    }
                    tell("refused", "-", String.valueOf(cause));
                }
                OUT.println("end");
            } else {
                int cut = line.indexOf('=');
                settings.put(line.substring(0, cut), line.substring(cut + 1));
            }
        }
        OUT.flush();
    }

    private static void answer(Class<?> type, Map<String, String> settings) throws Exception {
        Class<?> config = Class.forName("org.apache.kafka.common.config.AbstractConfig");
        if (config.isAssignableFrom(type)) {
            built(constructed(type, settings), settings);
        } else {
            validated(type.getConstructor().newInstance(), settings);
        }
    }

    private static Object constructed(Class<?> type, Map<String, String> settings)
            throws Exception {
        for (Constructor<?> constructor : type.getConstructors()) {
            List<Object> given = new ArrayList<>();
            boolean takes = false;
            for (Class<?> parameter : constructor.getParameterTypes()) {
                takes |= parameter == Map.class;
                given.add(parameter == Map.class ? settings
                        : parameter == boolean.class ? (Object) false : null);
            }
            if (takes) {
                return constructor.newInstance(given.toArray());
            }
        }
        throw new NoSuchMethodException(type.getName());
    }

    private static void built(Object config, Map<String, String> settings) throws Exception {
        Map<?, ?> values = (Map<?, ?>) config.getClass().getMethod("values").invoke(config);
        for (Map.Entry<String, Object> one : sorted(values).entrySet()) {
            tell("value", one.getKey(), text(one.getValue()));
        }
        for (String key : settings.keySet()) {
            if (!values.containsKey(key)) {
                tell("unknown", key, "");
            }
        }
    }

    private static void validated(Object connector, Map<String, String> settings)
            throws Exception {
        Object definition = connector.getClass().getMethod("config").invoke(connector);
        Class<?> type = Class.forName("org.apache.kafka.common.config.ConfigDef");
        Map<?, ?> known = (Map<?, ?>) type.getMethod("configKeys").invoke(definition);
        List<?> all = (List<?>) type.getMethod("validate", Map.class).invoke(definition, settings);
        for (Object one : all) {
            String key = String.valueOf(one.getClass().getMethod("name").invoke(one));
            if (!known.containsKey(key)) {
                continue;
            }
            tell("value", key, text(one.getClass().getMethod("value").invoke(one)));
            for (Object reason : (List<?>) one.getClass().getMethod("errorMessages").invoke(one)) {
                tell("refused", key, String.valueOf(reason));
            }
        }
        for (String key : settings.keySet()) {
            if (!known.containsKey(key)) {
                tell("unknown", key, "");
            }
        }
    }

    private static Map<String, Object> sorted(Map<?, ?> map) {
        Map<String, Object> found = new TreeMap<>();
        map.forEach((key, value) -> found.put(String.valueOf(key), value));
        return found;
    }

    private static String text(Object value) {
        if (value instanceof Class<?>) {
            return ((Class<?>) value).getName();
        }
        if (value instanceof List<?>) {
            List<String> parts = new ArrayList<>();
            ((List<?>) value).forEach(part -> parts.add(text(part)));
            return String.join(",", parts);
        }
        return String.valueOf(value);
    }

    private static void tell(String what, String key, String rest) {
        OUT.println(what + "\t" + key + "\t" + rest.replaceAll("\\s+", " "));
    }
}
