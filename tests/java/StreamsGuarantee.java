import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;

/** For every file given: why Kafka Streams refuses it, or what its consumers are isolated by. */
public final class StreamsGuarantee {
    private static final String BYTES = "org.apache.kafka.common.serialization.ByteArraySerializer";

    public static void main(String[] files) throws Exception {
        for (String file : files) {
            Properties written = new Properties();
            written.load(new StringReader(Files.readString(Path.of(file))));
            System.out.println(answer(written));
        }
    }

    private static String answer(Properties written) {
        try {
            StreamsConfig config = new StreamsConfig(written);
            Map<String, Object> producer = config.getProducerConfigs("client");
            if (written.getProperty("processing.guarantee", "").startsWith("exactly")) {
                producer.put("transactional.id", "made-by-streams");
            }
            producer.put("key.serializer", BYTES);
            producer.put("value.serializer", BYTES);
            new ProducerConfig(producer);
            return String.join(
                    " ",
                    String.valueOf(config.getMainConsumerConfigs("group", "client", 0).get("isolation.level")),
                    String.valueOf(config.getRestoreConsumerConfigs("client").get("isolation.level")),
                    String.valueOf(config.getGlobalConsumerConfigs("client").get("isolation.level")));
        } catch (RuntimeException problem) {
            return "refused " + problem.getClass().getSimpleName();
        }
    }
}
