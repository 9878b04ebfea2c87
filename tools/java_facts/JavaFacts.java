import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Builds Kafka's own clients from configurations and says what became of each.
 *
 * Standard input holds one case after another: "case ID COMPONENT", then "KEY=VALUE" lines, then
 * "end". Each case answers with one JSON line on standard output: whether the client took the
 * configuration, the exception and its causes, the values in force after construction (read from
 * the built client where it keeps them), and the lines it logged. No client reaches a broker: the
 * address given is a closed port of this host, and each client is closed at once.
 */
public final class JavaFacts {
    private static final String ADDRESS = "localhost:1";
    private static final long CLOSE_MS = 300;
    private static final String CLIENTS = "org.apache.kafka.clients.";
    private static final String CONNECT = "org.apache.kafka.connect.";
    private static final String SERIALIZER =
        "org.apache.kafka.common.serialization.ByteArraySerializer";
    private static final String DESERIALIZER =
        "org.apache.kafka.common.serialization.ByteArrayDeserializer";
    private static final Pattern LOGGED = Pattern.compile("\\[main\\] (WARN|INFO) .*Config - .*"
        + "|\\[main\\] (WARN|INFO) .*\\b(Producer|Consumer|KafkaProducer|KafkaConsumer) - .*");
    private static final Pattern ROUTINE =
        Pattern.compile(".*(Config values|Instantiated|Closing|Proceeding|force close).*");

    private JavaFacts() {
    }

    public static void main(String[] args) throws Exception {
        PrintStream answers = new PrintStream(System.out, true, "UTF-8");
        BufferedReader input =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String id = null;
        String component = null;
        Map<String, String> settings = new LinkedHashMap<>();
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            if (line.startsWith("case ")) {
                String[] words = line.split(" ");
                id = words[1];
                component = words[2];
                settings = new LinkedHashMap<>();
            } else if (line.equals("end")) {
                StringBuilder text = new StringBuilder();
                write(run(id, component, settings), text);
                answers.println(text);
            } else {
                int cut = line.indexOf('=');
                settings.put(line.substring(0, cut), line.substring(cut + 1));
            }
        }
        System.exit(0);
    }

    private static Map<String, Object> run(
        String id, String component, Map<String, String> settings) {
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("id", id);
        PrintStream before = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true));
        try {
            answer.put("effective", build(component, settings));
            answer.put("outcome", "accepted");
        } catch (Throwable problem) {
            Throwable refused = problem;
            while (refused instanceof InvocationTargetException) {
                refused = refused.getCause();
            }
            answer.put("outcome", refused instanceof Unavailable ? "unavailable" : "rejected");
            List<Object> chain = new ArrayList<>();
            for (Throwable at = refused; at != null; at = at.getCause()) {
                Map<String, Object> link = new LinkedHashMap<>();
                link.put("class", at.getClass().getSimpleName());
                link.put("message", String.valueOf(at.getMessage()));
                chain.add(link);
            }
            answer.put("exceptions", chain);
        } finally {
            System.setErr(before);
        }
        List<Object> lines = new ArrayList<>();
        for (String line : log.toString().split("\n")) {
            if (LOGGED.matcher(line).matches() && !ROUTINE.matcher(line).matches()) {
                lines.add(line.trim());
            }
        }
        answer.put("log", lines);
        return answer;
    }

    private static Map<String, Object> build(String component, Map<String, String> settings)
        throws Exception {
        switch (component) {
            case "producer":
                return producer(new HashMap<>(settings));
            case "consumer":
                return consumer(new HashMap<>(settings));
            case "admin":
                return admin(new HashMap<>(settings));
            case "streams":
                return streams(settings);
            case "connect-source":
            case "connect-exactly-once-source":
            case "connect-sink":
                return connect(component, settings);
            default:
                throw new IllegalArgumentException("no such component: " + component);
        }
    }

    /** This version does not have what the case is about. */
    private static final class Unavailable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Unavailable(String what) {
            super(what);
        }
    }

    // ---- plain clients ----

    private static Map<String, Object> producer(Map<String, Object> settings) throws Exception {
        settings.putIfAbsent("bootstrap.servers", ADDRESS);
        settings.putIfAbsent("key.serializer", SERIALIZER);
        settings.putIfAbsent("value.serializer", SERIALIZER);
        Object client = construct(CLIENTS + "producer.KafkaProducer", settings);
        try {
            Map<String, Object> found = configured(member(client, "producerConfig"));
            // The client decides these after parsing in old versions: what it holds is what counts.
            found.put("enable.idempotence", member(client, "transactionManager") != null);
            Object sender = member(client, "sender");
            found.put("acks", ((Number) member(sender, "acks")).intValue() == -1
                ? "all" : String.valueOf(member(sender, "acks")));
            found.put("retries", member(sender, "retries"));
            Object timeout = member(member(client, "accumulator"), "deliveryTimeoutMs");
            if (timeout != null) {
                found.put("delivery.timeout.ms", ((Number) timeout).longValue());
            }
            return found;
        } finally {
            close(client);
        }
    }

    private static Map<String, Object> consumer(Map<String, Object> settings) throws Exception {
        settings.putIfAbsent("bootstrap.servers", ADDRESS);
        settings.putIfAbsent("key.deserializer", DESERIALIZER);
        settings.putIfAbsent("value.deserializer", DESERIALIZER);
        // KafkaConsumer keeps no ConsumerConfig; the same map parses to the same values.
        Object config = constructConfig(CLIENTS + "consumer.ConsumerConfig", settings);
        Object client = construct(CLIENTS + "consumer.KafkaConsumer", settings);
        try {
            Map<String, Object> found = configured(config);
            Object delegate = member(client, "delegate");
            Object holder = delegate == null ? client : delegate;
            Object level = member(holder, "isolationLevel");
            if (level != null) {
                found.put("isolation.level", level.toString().toLowerCase(java.util.Locale.ROOT));
            }
            Object coordinator = member(holder, "coordinator");
            if (coordinator instanceof java.util.Optional<?>) {
                coordinator = ((java.util.Optional<?>) coordinator).orElse(null);
            }
            Object auto = coordinator == null ? null : member(coordinator, "autoCommitEnabled");
            if (auto != null) {
                found.put("enable.auto.commit", auto);
            }
            return found;
        } finally {
            close(client);
        }
    }

    private static Map<String, Object> admin(Map<String, Object> settings) throws Exception {
        settings.putIfAbsent("bootstrap.servers", ADDRESS);
        return configured(constructConfig(CLIENTS + "admin.AdminClientConfig", settings));
    }

    // ---- Streams: the configurations of the clients it makes ----

    private static Map<String, Object> streams(Map<String, String> settings) throws Exception {
        Map<String, Object> all = new HashMap<>(settings);
        all.putIfAbsent("bootstrap.servers", ADDRESS);
        all.putIfAbsent("application.id", "app");
        Class<?> type = Class.forName("org.apache.kafka.streams.StreamsConfig");
        Object config = type.getConstructor(Map.class).newInstance(all);
        Map<String, Object> found = configured(config);
        for (Method method : type.getMethods()) {
            if (method.getName().equals("getProducerConfigs")) {
                Map<String, Object> made = plainMap(invokeWithDefaults(method, config));
                String guarantee = String.valueOf(found.get("processing.guarantee"));
                if (guarantee.startsWith("exactly_once")) {
                    // Streams adds the id when it makes the producer of a thread or task.
                    made.put("transactional.id", "app-0");
                }
                merge(found, "producer.", producer(made));
            } else if (method.getName().equals("getMainConsumerConfigs")) {
                Map<String, Object> made = plainMap(invokeWithDefaults(method, config));
                made.remove("partition.assignment.strategy");
                made.put("group.id", "app");
                merge(found, "main.consumer.", consumer(made));
            }
        }
        return found;
    }

    // ---- Connect: the configurations of the clients a worker makes for a connector ----

    private static Map<String, Object> connect(String component, Map<String, String> settings)
        throws Exception {
        Map<String, String> worker = under("worker.", settings);
        Map<String, String> connector = under("connector.", settings);
        worker.putIfAbsent("bootstrap.servers", ADDRESS);
        for (String converter : new String[] {"key.converter", "value.converter"}) {
            worker.putIfAbsent(converter, CONNECT + "converters.ByteArrayConverter");
        }
        worker.putIfAbsent("group.id", "workers");
        worker.putIfAbsent("config.storage.topic", "configs");
        worker.putIfAbsent("offset.storage.topic", "offsets");
        worker.putIfAbsent("status.storage.topic", "status");
        connector.putIfAbsent("name", "connector");
        connector.putIfAbsent("connector.class", "NoSuchConnector");
        boolean source = !component.equals("connect-sink");
        if (!source) {
            connector.putIfAbsent("topics", "orders");
        }
        Object workerConfig = Class.forName(CONNECT + "runtime.distributed.DistributedConfig")
            .getConstructor(Map.class).newInstance(worker);
        String configClass = source ? "SourceConnectorConfig" : "SinkConnectorConfig";
        Object connectorConfig = connectorConfig(CONNECT + "runtime." + configClass, connector);
        String[] names = component.equals("connect-exactly-once-source")
            ? new String[] {"exactlyOnceSourceTaskProducerConfigs"}
            : source ? new String[] {"baseProducerConfigs", "producerConfigs"}
            : new String[] {"baseConsumerConfigs", "consumerConfigs"};
        Method method = declared(Class.forName(CONNECT + "runtime.Worker"), names);
        Map<String, Object> made =
            plainMap(invokeWithDefaults(method, null, workerConfig, connectorConfig));
        return source ? producer(made) : consumer(made);
    }

    private static Object connectorConfig(String name, Map<String, String> settings)
        throws Exception {
        for (Constructor<?> constructor : Class.forName(name).getConstructors()) {
            List<Object> given = new ArrayList<>();
            for (Class<?> type : constructor.getParameterTypes()) {
                // Plug-ins are only asked for when a connector names transformations.
                given.add(type == Map.class ? settings : type == boolean.class ? false : null);
            }
            return constructor.newInstance(given.toArray());
        }
        throw new NoSuchMethodException(name);
    }

    private static Map<String, String> under(String prefix, Map<String, String> settings) {
        Map<String, String> found = new HashMap<>();
        for (Map.Entry<String, String> entry : settings.entrySet()) {
            if (entry.getKey().startsWith(prefix)) {
                found.put(entry.getKey().substring(prefix.length()), entry.getValue());
            }
        }
        return found;
    }

    private static Method declared(Class<?> owner, String[] names) {
        for (String name : names) {
            for (Method method : owner.getDeclaredMethods()) {
                if (method.getName().equals(name)) {
                    method.setAccessible(true);
                    return method;
                }
            }
        }
        throw new Unavailable(owner.getName() + "." + names[0]);
    }

    /** Calls a method whose signature grew over the releases, choosing arguments by their type. */
    private static Object invokeWithDefaults(Method method, Object owner, Object... known)
        throws Exception {
        List<Object> given = new ArrayList<>();
        for (Class<?> type : method.getParameterTypes()) {
            given.add(argument(type, known));
        }
        return method.invoke(owner, given.toArray());
    }

    private static Object argument(Class<?> type, Object[] known) throws Exception {
        for (Object candidate : known) {
            if (type.isInstance(candidate)) {
                return candidate;
            }
        }
        switch (type.getSimpleName()) {
            case "String":
                return "id";
            case "int":
            case "Integer":
                return 0;
            case "ConnectorTaskId":
                return type.getConstructor(String.class, int.class).newInstance("connector", 0);
            case "ConnectorClientConfigOverridePolicy":
                return Class.forName(
                    CONNECT + "connector.policy.AllConnectorClientConfigOverridePolicy")
                    .getConstructor().newInstance();
            case "ConnectorType":
                return type.getField("SOURCE").get(null);
            default:
                return null;
        }
    }

    // ---- shared ----

    private static void merge(Map<String, Object> into, String prefix, Map<String, Object> from) {
        for (Map.Entry<String, Object> entry : from.entrySet()) {
            into.put(prefix + entry.getKey(), entry.getValue());
        }
    }

    private static Map<String, Object> plainMap(Object map) {
        Map<String, Object> found = new HashMap<>();
        for (Map.Entry<?, ?> entry : ((Map<?, ?>) map).entrySet()) {
            found.put(String.valueOf(entry.getKey()), entry.getValue());
        }
        return found;
    }

    private static Object construct(String name, Map<String, Object> settings) throws Exception {
        return Class.forName(name).getConstructor(Map.class).newInstance(settings);
    }

    private static Object constructConfig(String name, Map<String, Object> settings)
        throws Exception {
        for (Constructor<?> constructor : Class.forName(name).getDeclaredConstructors()) {
            Class<?>[] types = constructor.getParameterTypes();
            if (types.length == 1 && types[0] == Map.class) {
                constructor.setAccessible(true);
                return constructor.newInstance(settings);
            }
        }
        throw new NoSuchMethodException(name);
    }

    /** AbstractConfig.values(), and under "unused" the given keys that no ConfigDef knows. */
    private static Map<String, Object> configured(Object config) throws Exception {
        Map<String, Object> found = new TreeMap<>();
        Map<?, ?> values = (Map<?, ?>) config.getClass().getMethod("values").invoke(config);
        for (Map.Entry<?, ?> entry : values.entrySet()) {
            found.put(String.valueOf(entry.getKey()), entry.getValue());
        }
        List<Object> unknown = new ArrayList<>();
        Map<?, ?> given = (Map<?, ?>) config.getClass().getMethod("originals").invoke(config);
        for (Object key : new TreeMap<Object, Object>(given).keySet()) {
            if (!found.containsKey(String.valueOf(key))) {
                unknown.add(String.valueOf(key));
            }
        }
        found.put("(unknown)", unknown);
        return found;
    }

    /**
     * Closes in a thread of its own and does not wait long: an idempotent producer of Kafka 2.0 looks
     * for a broker until it finds one, closed or not.
     */
    private static void close(Object client) throws InterruptedException {
        Thread closing = new Thread(() -> {
            try {
                closeNow(client);
            } catch (ReflectiveOperationException ignored) {
                // What a client says when closed early is not what is measured here.
            }
        });
        closing.setDaemon(true);
        closing.start();
        closing.join(CLOSE_MS);
    }

    private static void closeNow(Object client) throws ReflectiveOperationException {
        for (Method method : client.getClass().getMethods()) {
            Class<?>[] types = method.getParameterTypes();
            if (method.getName().equals("close") && types.length == 1 && types[0] == Duration.class) {
                method.invoke(client, Duration.ZERO);
                return;
            }
        }
        client.getClass().getMethod("close", long.class, java.util.concurrent.TimeUnit.class)
            .invoke(client, 0L, java.util.concurrent.TimeUnit.MILLISECONDS);
    }

    private static Object member(Object owner, String name) throws ReflectiveOperationException {
        if (owner == null) {
            return null;
        }
        for (Class<?> at = owner.getClass(); at != null; at = at.getSuperclass()) {
            for (Field field : at.getDeclaredFields()) {
                if (field.getName().equals(name)) {
                    field.setAccessible(true);
                    return field.get(owner);
                }
            }
        }
        return null;
    }

    private static void write(Object value, StringBuilder out) {
        if (value instanceof Map<?, ?>) {
            String separator = "{";
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                out.append(separator);
                write(String.valueOf(entry.getKey()), out);
                out.append(':');
                write(entry.getValue(), out);
                separator = ",";
            }
            out.append(separator.equals("{") ? "{}" : "}");
        } else if (value instanceof Iterable<?>) {
            String separator = "[";
            for (Object item : (Iterable<?>) value) {
                out.append(separator);
                write(item, out);
                separator = ",";
            }
            out.append(separator.equals("[") ? "[]" : "]");
        } else if (value == null || value instanceof Boolean || value instanceof Number) {
            out.append(value);
        } else {
            quote(value instanceof Class<?> ? ((Class<?>) value).getName() : value.toString(), out);
        }
    }

    private static void quote(String text, StringBuilder out) {
        out.append('"');
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < 0x20 || c > 0x7e) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }
}
