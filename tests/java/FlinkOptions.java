import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.serialization.SimpleStringSchema;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.FallbackKey;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.sink.KafkaSinkBuilder;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.Schema;
import org.apache.flink.table.catalog.CatalogTable;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.catalog.ObjectIdentifier;
import org.apache.flink.table.catalog.ResolvedCatalogTable;
import org.apache.flink.table.catalog.ResolvedSchema;
import org.apache.flink.table.catalog.UniqueConstraint;
import org.apache.flink.table.factories.FactoryUtil;

/**
 * Asks Flink itself about options. Each line of input is `kind`, `key columns` and the options as
 * `key`, `value` pairs, all parted by tabs; kinds are sink, source, builder and job. The answer is a line
 * of `ok`, or `refused` and the innermost reason.
 */
public final class FlinkOptions {

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] parts = line.split("\t", -1);
            Map<String, String> options = new HashMap<>();
            for (int at = 2; at + 1 < parts.length; at += 2) {
                options.put(parts[at], parts[at + 1]);
            }
            try {
                ask(parts[0], parts[1], options);
                System.out.println("ok");
            } catch (Throwable error) {
                System.out.println("refused " + reason(error));
            }
        }
    }

    private static String reason(Throwable error) {
        Throwable found = error;
        while (found.getCause() != null) {
            found = found.getCause();
        }
        String text = found.getClass().getSimpleName() + ": " + found.getMessage();
        return text.replaceAll("\\s+", " ");
    }

    private static void ask(String kind, String keys, Map<String, String> options)
            throws Exception {
        switch (kind) {
            case "sink":
                FactoryUtil.createDynamicTableSink(
                        null, name(), table(keys, options), Collections.emptyMap(),
                        new Configuration(), FlinkOptions.class.getClassLoader(), true);
                break;
            case "source":
                FactoryUtil.createDynamicTableSource(
                        null, name(), table(keys, options), Collections.emptyMap(),
                        new Configuration(), FlinkOptions.class.getClassLoader(), true);
                break;
            case "builder":
                build(options);
                break;
            case "job":
                job(options);
                break;
            default:
                throw new IllegalArgumentException(kind);
        }
    }

    private static ObjectIdentifier name() {
        return ObjectIdentifier.of("catalog", "database", "asked");
    }

    private static ResolvedCatalogTable table(String keys, Map<String, String> options)
            throws Exception {
        List<Column> columns = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (String key : options.getOrDefault("key.fields", "").split(";")) {
            if (!key.isEmpty()) {
                names.add(key);
            }
        }
        names.add("oncelint_key");
        names.add("oncelint_value");
        for (String name : names) {
            columns.add(Column.physical(name, DataTypes.STRING().notNull()));
        }
        UniqueConstraint key =
                keys.equals("yes")
                        ? UniqueConstraint.primaryKey(
                                "key", Collections.singletonList("oncelint_key"))
                        : null;
        ResolvedSchema resolved = new ResolvedSchema(columns, Collections.emptyList(), key);
        Schema schema = Schema.newBuilder().fromResolvedSchema(resolved).build();
        return new ResolvedCatalogTable(origin(schema, options), resolved);
    }

    /** By way of `of` until Flink 1.20, of a builder from there on. */
    private static CatalogTable origin(Schema schema, Map<String, String> options)
            throws Exception {
        try {
            Method of =
                    CatalogTable.class.getMethod(
                            "of", Schema.class, String.class, List.class, Map.class);
            return (CatalogTable) of.invoke(null, schema, "", new ArrayList<String>(), options);
        } catch (NoSuchMethodException newer) {
            Object builder = CatalogTable.class.getMethod("newBuilder").invoke(null);
            Class<?> kind = builder.getClass();
            kind.getMethod("schema", Schema.class).invoke(builder, schema);
            kind.getMethod("options", Map.class).invoke(builder, options);
            return (CatalogTable) kind.getMethod("build").invoke(builder);
        }
    }

    private static void build(Map<String, String> options) {
        KafkaSinkBuilder<String> builder = KafkaSink.builder();
        builder.setBootstrapServers(
                options.getOrDefault("properties.bootstrap.servers", "kafka:9092"));
        builder.setRecordSerializer(
                KafkaRecordSerializationSchema.<String>builder()
                        .setTopic("asked")
                        .setValueSerializationSchema(new SimpleStringSchema())
                        .build());
        String guarantee = options.get("sink.delivery-guarantee");
        if (guarantee != null) {
            String member = guarantee.toUpperCase().replace('-', '_');
            builder.setDeliveryGuarantee(DeliveryGuarantee.valueOf(member));
        }
        String prefix = options.get("sink.transactional-id-prefix");
        if (prefix != null) {
            builder.setTransactionalIdPrefix(prefix);
        }
        for (Map.Entry<String, String> one : options.entrySet()) {
            if (one.getKey().startsWith("properties.")) {
                builder.setProperty(
                        one.getKey().substring("properties.".length()), one.getValue());
            }
        }
        builder.build();
    }

    private static void job(Map<String, String> options) throws Exception {
        Configuration given = Configuration.fromMap(options);
        Map<String, ConfigOption<?>> known = new HashMap<>();
        for (String name :
                new String[] {
                    "org.apache.flink.streaming.api.environment.ExecutionCheckpointingOptions",
                    "org.apache.flink.configuration.CheckpointingOptions",
                    "org.apache.flink.configuration.ExecutionOptions"
                }) {
            collect(name, known);
        }
        for (String key : options.keySet()) {
            ConfigOption<?> option = known.get(key);
            if (option == null) {
                throw new IllegalArgumentException("unknown option " + key);
            }
            given.get(option);
        }
    }

    private static void collect(String name, Map<String, ConfigOption<?>> known)
            throws Exception {
        Class<?> holder;
        try {
            holder = Class.forName(name);
        } catch (ClassNotFoundException gone) {
            return;
        }
        for (Field field : holder.getFields()) {
            if (!Modifier.isStatic(field.getModifiers())
                    || !ConfigOption.class.isAssignableFrom(field.getType())) {
                continue;
            }
            ConfigOption<?> option = (ConfigOption<?>) field.get(null);
            known.put(option.key(), option);
            for (FallbackKey former : option.fallbackKeys()) {
                known.putIfAbsent(former.getKey(), option);
            }
        }
    }

    private FlinkOptions() {}
}
