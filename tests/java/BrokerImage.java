import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.Reader;
import java.io.StringReader;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.TreeSet;

/**
 * What the image apache/kafka makes of a container's variables: the server.properties that
 * kafka.docker.KafkaDockerWrapper writes. Standard input holds one case after another: "case", then
 * lines "variable NAME=VALUE" and "mounted LINE" (of the file in the mounted folder), then "end". Each
 * is answered with lines "KEY\tVALUE" and a line "end". The image's own server.properties, which it
 * copies when there is nothing else, is one line, "default\ttrue".
 */
public final class BrokerImage {
    private static final PrintStream OUT =
            new PrintStream(System.out, false, StandardCharsets.UTF_8);

    private BrokerImage() {}

    public static void main(String[] arguments) throws Exception {
        BufferedReader input =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Object variables = none();
        StringBuilder mounted = new StringBuilder();
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            if (line.equals("case")) {
                variables = none();
                mounted = new StringBuilder();
            } else if (line.startsWith("variable ")) {
                int cut = line.indexOf('=');
                variables = with(variables, line.substring(9, cut), line.substring(cut + 1));
            } else if (line.startsWith("mounted ")) {
                mounted.append(line.substring(8)).append('\n');
            } else if (line.equals("end")) {
                tell(written(variables, mounted.toString()));
                OUT.println("end");
            }
        }
        OUT.flush();
    }

    private static String written(Object variables, String mounted) throws Exception {
        Path folder = Files.createTempDirectory("broker-image");
        Path defaults = Files.createDirectory(folder.resolve("default"));
        Path given = Files.createDirectory(folder.resolve("mounted"));
        Path result = Files.createDirectory(folder.resolve("final"));
        Files.writeString(defaults.resolve("server.properties"), "default=true\n");
        if (!mounted.isEmpty()) {
            Files.writeString(given.resolve("server.properties"), mounted);
        }
        Class<?> type = Class.forName("kafka.docker.KafkaDockerWrapper$");
        Object wrapper = type.getField("MODULE$").get(null);
        for (Method method : type.getMethods()) {
            if (method.getName().equals("prepareServerConfigs")) {
                method.invoke(wrapper, defaults, given, result, variables);
            }
        }
        return Files.readString(result.resolve("server.properties"));
    }

    private static void tell(String file) throws Exception {
        Properties properties = new Properties();
        try (Reader reader = new StringReader(file)) {
            properties.load(reader);
        }
        for (String key : new TreeSet<>(properties.stringPropertyNames())) {
            OUT.println(key + "\t" + properties.getProperty(key).replaceAll("\\s+", " "));
        }
    }

    /** An empty map of Scala's. */
    private static Object none() throws Exception {
        Class<?> type = Class.forName("scala.collection.immutable.Map$");
        return type.getMethod("empty").invoke(type.getField("MODULE$").get(null));
    }

    private static Object with(Object map, String key, String value) throws Exception {
        Class<?> type = Class.forName("scala.collection.immutable.Map");
        return type.getMethod("updated", Object.class, Object.class).invoke(map, key, value);
    }
}
