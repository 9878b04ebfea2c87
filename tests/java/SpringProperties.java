import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.kafka.KafkaProperties;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * What Spring Boot makes of a project's application files. Reads lines of a folder, a profile (or
 * "-"), the names of the files and further arguments, parted by tabs; answers each with a line of the role, the key and the value parted by
 * tabs for every setting, then a line that is empty, or "ERROR" and the reason.
 */
public final class SpringProperties {
    private static final String[] PLACES = {
        "src/main/resources/", "src/main/resources/config/", "", "config/"
    };

    private SpringProperties() {}

    /** An application without beans: its environment is all that is asked for. */
    static class Empty {}

    public static void main(String[] arguments) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] parts = line.split("\t");
            try {
                answer(parts);
            } catch (Exception error) {
                System.out.println("ERROR\t" + String.valueOf(error).replaceAll("\\s+", " "));
            }
            System.out.println();
        }
    }

    private static void answer(String[] asked) throws Exception {
        String folder = asked[0];
        String profile = asked[1];
        List<String> places = new ArrayList<>();
        for (String place : PLACES) {
            places.add("optional:" + Path.of(folder, place).toUri() + "/");
        }
        List<String> arguments = new ArrayList<>();
        arguments.add("--spring.config.location=" + String.join(",", places).replace("//,", "/,"));
        arguments.add("--spring.config.name=" + asked[2]);
        for (int i = 3; i < asked.length; i++) {
            arguments.add(asked[i]);
        }
        if (!profile.equals("-")) {
            arguments.add("--spring.profiles.active=" + profile);
        }
        SpringApplication application = new SpringApplication(Empty.class);
        application.setBannerMode(Banner.Mode.OFF);
        application.setLogStartupInfo(false);
        application.setWebApplicationType(WebApplicationType.NONE);
        application.setRegisterShutdownHook(false);
        try (ConfigurableApplicationContext context =
                application.run(arguments.toArray(new String[0]))) {
            KafkaProperties kafka =
                    Binder.get(context.getEnvironment())
                            .bind("spring.kafka", KafkaProperties.class)
                            .orElseGet(KafkaProperties::new);
            print("producer", built(kafka, "buildProducerProperties"));
            print("consumer", built(kafka, "buildConsumerProperties"));
            print("streams", built(kafka, "buildStreamsProperties"));
            String prefix = kafka.getProducer().getTransactionIdPrefix();
            if (prefix != null) {
                System.out.println("producer\ttransactional.id\t" + prefix + "{n}");
            }
        }
    }

    /** The builders take the bundles of certificates from Spring Boot 3.2 on. */
    @SuppressWarnings("unchecked")
    private static Map<String, Object> built(KafkaProperties kafka, String name) throws Exception {
        for (Method method : KafkaProperties.class.getMethods()) {
            if (method.getName().equals(name)) {
                Object[] nothing = new Object[method.getParameterCount()];
                return (Map<String, Object>) method.invoke(kafka, nothing);
            }
        }
        throw new NoSuchMethodException(name);
    }

    private static void print(String role, Map<String, Object> settings) {
        for (Map.Entry<String, Object> one : new TreeMap<>(settings).entrySet()) {
            Object value = one.getValue();
            if (value instanceof Class<?> type) {
                value = type.getName();
            }
            if (value instanceof List<?> items) {
                value = String.join(",", items.stream().map(String::valueOf).toList());
            }
            System.out.println(role + "\t" + one.getKey() + "\t" + value);
        }
    }
}
