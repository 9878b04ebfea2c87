import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/**
 * Asks the Java producer on the class path, run by java_producer.py.
 *
 * <p>{@code construct SETTINGS...} builds one producer per argument ("key=value;key=value") and prints a
 * line for each: idempotent, not idempotent, or the exception's class and the message of its cause.
 * {@code send BOOTSTRAP TOPIC COUNT SETTINGS} sends records and prints how many were acknowledged.
 */
public final class AskJavaProducer {
    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("send")) {
            send(arguments[1], arguments[2], Integer.parseInt(arguments[3]), arguments[4]);
            return;
        }
        for (int index = 1; index < arguments.length; index++) {
            System.out.println(construct(arguments[index]));
        }
    }

    private static Properties properties(String bootstrap, String settings) {
        String serializer = "org.apache.kafka.common.serialization.StringSerializer";
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("key.serializer", serializer);
        properties.put("value.serializer", serializer);
        for (String setting : settings.split(";")) {
            if (!setting.isEmpty()) {
                String[] parts = setting.split("=", 2);
                properties.put(parts[0], parts[1]);
            }
        }
        return properties;
    }

    /** A producer has a transaction manager if and only if it is idempotent. */
    private static String construct(String settings) throws Exception {
        // Nobody listens there, and a constructor does not wait for a connection.
        Properties properties = properties("127.0.0.1:9", settings);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(properties)) {
            Field field = KafkaProducer.class.getDeclaredField("transactionManager");
            field.setAccessible(true);
            return field.get(producer) == null ? "not idempotent" : "idempotent";
        } catch (org.apache.kafka.common.KafkaException error) {
            Throwable cause = error.getCause() == null ? error : error.getCause();
            return cause.getClass().getSimpleName() + ": " + cause.getMessage();
        }
    }

    private static void send(String bootstrap, String topic, int count, String settings) {
        List<Future<RecordMetadata>> results = new ArrayList<>();
        int acknowledged = 0;
        try (KafkaProducer<String, String> producer =
                new KafkaProducer<>(properties(bootstrap, settings))) {
            for (int number = 0; number < count; number++) {
                results.add(producer.send(new ProducerRecord<>(topic, "record " + number)));
            }
            producer.flush();
            for (Future<RecordMetadata> result : results) {
                try {
                    result.get();
                    acknowledged++;
                } catch (Exception error) {
                    System.err.println(error);
                }
            }
        }
        System.out.println(acknowledged);
    }
}
