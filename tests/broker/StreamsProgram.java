import java.io.FileInputStream;
import java.util.Properties;

import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.Stores;

/**
 * An application of Kafka Streams that copies records, and remembers the last one of each key.
 *
 * Arguments: a file of its configuration, the topics it reads and writes, its folder, and the value of
 * the record with whose processing it does not get done until its process is killed.
 */
public final class StreamsProgram {
    public static void main(String[] arguments) throws Exception {
        Properties configuration = new Properties();
        try (FileInputStream file = new FileInputStream(arguments[0])) {
            configuration.load(file);
        }
        configuration.put(StreamsConfig.STATE_DIR_CONFIG, arguments[3]);
        String killedAt = arguments.length > 4 ? arguments[4] : null;

        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> records = builder.stream(
            arguments[1],
            org.apache.kafka.streams.kstream.Consumed.with(Serdes.String(), Serdes.String()));
        records
            .peek((key, value) -> { if (value.equals(killedAt)) stay(); })
            .to(arguments[2], org.apache.kafka.streams.kstream.Produced.with(
                Serdes.String(), Serdes.String()));
        records
            .selectKey((key, value) -> "all")
            .toTable(Materialized.<String, String>as(Stores.inMemoryKeyValueStore("newest"))
                .withKeySerde(Serdes.String()).withValueSerde(Serdes.String()));

        KafkaStreams streams = new KafkaStreams(builder.build(), configuration);
        streams.setUncaughtExceptionHandler(problem -> {
            problem.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.ERROR) Runtime.getRuntime().halt(1);
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }

    private static void stay() {
        try {
            Thread.sleep(Long.MAX_VALUE);
        } catch (InterruptedException problem) {
            throw new IllegalStateException(problem);
        }
    }
}
