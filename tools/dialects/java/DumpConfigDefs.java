import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Prints the ConfigDef of Kafka configuration classes as JSON on standard output.
 *
 * Each argument is LABEL=CLASS. Everything is read by reflection, so that one source serves every
 * Kafka version on the class path: where the ConfigDef is kept, which fields a ConfigKey has and
 * how a validator stores its limits all differ between releases.
 *
 * Output: {LABEL: {"class": CLASS, "constants": [...], "keys": [...] or "error": TEXT}}; a class that
 * holds only constants answers with its constants and an error.
 */
public final class DumpConfigDefs {
    private static final String CONFIG_DEF = "org.apache.kafka.common.config.ConfigDef";
    private static final String BOGUS = "no-such-value";

    private DumpConfigDefs() {
    }

    public static void main(String[] args) throws Exception {
        Map<String, Object> result = new LinkedHashMap<>();
        for (String arg : args) {
            int cut = arg.indexOf('=');
            result.put(arg.substring(0, cut), dump(arg.substring(cut + 1)));
        }
        StringBuilder text = new StringBuilder();
        write(result, text);
        System.out.println(text);
        // A broker class may leave a non-daemon thread behind.
        System.exit(0);
    }

    private static Map<String, Object> dump(String className) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("class", className);
        try {
            Class<?> owner = Class.forName(className);
            result.put("constants", constants(owner));
            Object def = findConfigDef(owner);
            Map<?, ?> keys = (Map<?, ?>) def.getClass().getMethod("configKeys").invoke(def);
            List<Object> rows = new ArrayList<>();
            for (Map.Entry<?, ?> entry : new TreeMap<Object, Object>(keys).entrySet()) {
                rows.add(describeKey(entry.getValue()));
            }
            result.put("keys", rows);
        } catch (ReflectiveOperationException | LinkageError problem) {
            result.put("error", String.valueOf(problem));
        }
        return result;
    }

    // ---- where the ConfigDef is ----

    private static Object findConfigDef(Class<?> owner) throws ReflectiveOperationException {
        Class<?> wanted = Class.forName(CONFIG_DEF);
        for (Method method : owner.getDeclaredMethods()) {
            boolean plain = Modifier.isStatic(method.getModifiers())
                && wanted.isAssignableFrom(method.getReturnType())
                && (method.getName().equals("configDef") || method.getName().equals("config"));
            if (plain && method.getParameterCount() == 0) {
                return open(method).invoke(null);
            }
            if (plain && method.getParameterCount() == 1) {
                Object system = systemInstance(method.getParameterTypes()[0]);
                if (system != null) {
                    return open(method).invoke(null, system);
                }
            }
        }
        // LogConfig also keeps the broker's part of its settings in a field of this type.
        for (String name : new String[] {"CONFIG", "config", "CONFIG_DEF"}) {
            for (Field field : owner.getDeclaredFields()) {
                boolean isDef = wanted.isAssignableFrom(field.getType());
                if (isDef && Modifier.isStatic(field.getModifiers()) && field.getName().equals(name)) {
                    return read(field, null);
                }
            }
        }
        return findInScalaObject(owner, wanted);
    }

    /** The default collaborator that a factory asks for (DistributedConfig.config(Crypto)). */
    private static Object systemInstance(Class<?> type) throws ReflectiveOperationException {
        for (Field field : type.getDeclaredFields()) {
            if (field.getName().equals("SYSTEM") && Modifier.isStatic(field.getModifiers())) {
                return read(field, null);
            }
        }
        return null;
    }

    private static Object findInScalaObject(Class<?> owner, Class<?> wanted)
        throws ReflectiveOperationException {
        Class<?> module = Class.forName(owner.getName() + "$");
        Object instance = read(module.getField("MODULE$"), null);
        for (Field field : module.getDeclaredFields()) {
            if (wanted.isAssignableFrom(field.getType())) {
                Object value = read(field, instance);
                if (value != null) {
                    return value;
                }
            }
        }
        throw new NoSuchFieldException("no ConfigDef in " + owner.getName());
    }

    // ---- one key ----

    private static Map<String, Object> describeKey(Object key) throws ReflectiveOperationException {
        Map<String, Object> row = new LinkedHashMap<>();
        String name = (String) member(key, "name");
        Object type = member(key, "type");
        row.put("name", name);
        row.put("type", String.valueOf(type));
        boolean hasDefault = (Boolean) key.getClass().getMethod("hasDefault").invoke(key);
        row.put("has_default", hasDefault);
        row.put("default", hasDefault ? plain(member(key, "defaultValue")) : null);
        row.put("documentation", member(key, "documentation"));
        Object internal = member(key, "internalConfig");
        row.put("internal", Boolean.TRUE.equals(internal));
        Object validator = member(key, "validator");
        row.put("validator", validator == null ? null : describeValidator(validator));
        row.put("accepted", probe(name, String.valueOf(type), validator, row.get("validator")));
        return row;
    }

    private static Map<String, Object> describeValidator(Object validator)
        throws ReflectiveOperationException {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("class", validator.getClass().getName());
        row.put("text", String.valueOf(validator));
        for (String limit : new String[] {"min", "max"}) {
            row.put(limit, plain(member(validator, limit)));
        }
        List<Object> strings = new ArrayList<>();
        for (String holder : new String[] {"validStrings", "validString"}) {
            Object held = member(validator, holder);
            if (held instanceof Collection<?>) {
                for (Object item : (Collection<?>) held) {
                    strings.add(String.valueOf(item));
                }
            } else if (held != null) {
                strings.addAll(strings(describeValidator(held)));
            }
        }
        row.put("strings", strings);
        List<Object> parts = new ArrayList<>();
        Object members = member(validator, "validators");
        if (members instanceof Collection<?>) {
            for (Object part : (Collection<?>) members) {
                parts.add(describeValidator(part));
            }
        }
        row.put("parts", parts);
        return row;
    }

    @SuppressWarnings("unchecked")
    private static List<Object> strings(Object described) {
        Map<String, Object> row = (Map<String, Object>) described;
        List<Object> all = new ArrayList<>((List<Object>) row.get("strings"));
        for (Object part : (List<Object>) row.get("parts")) {
            all.addAll(strings(part));
        }
        if (all.isEmpty()) {
            // Lambda validators and recommenders say their values only as text: "[a, b]" or "(a, b)".
            String text = (String) row.get("text");
            if (text != null && text.matches("(?s).*[\\[(][^\\[\\]()]*[\\])]\\s*")) {
                int start = Math.max(text.lastIndexOf('['), text.lastIndexOf('('));
                int end = Math.max(text.lastIndexOf(']'), text.lastIndexOf(')'));
                for (String item : text.substring(start + 1, end).split(",")) {
                    if (item.trim().matches("[A-Za-z0-9_.-]+")) {
                        all.add(item.trim());
                    }
                }
            }
        }
        return all;
    }

    /**
     * Runs the validator over the values that it names, a value nobody names, and the swapped case:
     * what it does counts, not what its text says.
     */
    private static Map<String, Object> probe(
        String name, String type, Object validator, Object described)
        throws ReflectiveOperationException {
        Map<String, Object> row = new LinkedHashMap<>();
        boolean textual = type.equals("STRING") || type.equals("LIST");
        if (validator == null || !textual) {
            return null;
        }
        List<Object> accepted = new ArrayList<>();
        int swappedAccepted = 0;
        int swappedTried = 0;
        List<Object> candidates = strings(described);
        for (Object candidate : candidates) {
            String value = (String) candidate;
            if (!valid(name, type, validator, value)) {
                continue;
            }
            accepted.add(value);
            String swapped = value.equals(value.toUpperCase(Locale.ROOT))
                ? value.toLowerCase(Locale.ROOT) : value.toUpperCase(Locale.ROOT);
            if (!swapped.equals(value) && !candidates.contains(swapped)) {
                swappedTried++;
                if (valid(name, type, validator, swapped)) {
                    swappedAccepted++;
                }
            }
        }
        row.put("values", accepted);
        row.put("bogus", valid(name, type, validator, BOGUS));
        row.put("empty", valid(name, type, validator, ""));
        row.put("any_case", swappedTried > 0 && swappedTried == swappedAccepted);
        return row;
    }

    private static boolean valid(String name, String type, Object validator, String value)
        throws ReflectiveOperationException {
        Object parsed = value;
        if (type.equals("LIST")) {
            parsed = value.isEmpty() ? Collections.emptyList() : Collections.singletonList(value);
        }
        Method ensure = open(
            Class.forName(CONFIG_DEF + "$Validator").getMethod("ensureValid", String.class, Object.class));
        try {
            ensure.invoke(validator, name, parsed);
            return true;
        } catch (java.lang.reflect.InvocationTargetException refused) {
            return false;
        }
    }

    // ---- constants of the class: which key names are marked deprecated, which prefixes exist ----

    private static List<Object> constants(Class<?> owner) throws ReflectiveOperationException {
        List<Object> rows = new ArrayList<>();
        for (Class<?> at = owner; at != null && at != Object.class; at = at.getSuperclass()) {
            for (Field field : at.getDeclaredFields()) {
                int flags = field.getModifiers();
                if (!Modifier.isStatic(flags) || !Modifier.isFinal(flags) || field.getType() != String.class) {
                    continue;
                }
                Object value = read(field, null);
                boolean named = field.getName().endsWith("_CONFIG") || field.getName().endsWith("_PREFIX")
                    || field.getName().endsWith("_PREFIX_CONFIG");
                if (value == null || !named) {
                    continue;
                }
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("field", at.getSimpleName() + "." + field.getName());
                row.put("value", value);
                row.put("deprecated", field.isAnnotationPresent(Deprecated.class));
                rows.add(row);
            }
        }
        return rows;
    }

    // ---- reflection and JSON ----

    private static Object member(Object owner, String name) throws ReflectiveOperationException {
        for (Class<?> at = owner.getClass(); at != null; at = at.getSuperclass()) {
            for (Field field : at.getDeclaredFields()) {
                if (field.getName().equals(name)) {
                    return read(field, owner);
                }
            }
        }
        return null;
    }

    private static Object read(Field field, Object owner) throws ReflectiveOperationException {
        field.setAccessible(true);
        return field.get(owner);
    }

    private static Method open(Method method) {
        method.setAccessible(true);
        return method;
    }

    private static Object plain(Object value) {
        if (value == null || value instanceof Boolean || value instanceof Number) {
            return value;
        }
        if (value instanceof Collection<?>) {
            List<Object> items = new ArrayList<>();
            for (Object item : (Collection<?>) value) {
                items.add(plain(item));
            }
            return items;
        }
        if (value instanceof Class<?>) {
            return ((Class<?>) value).getName();
        }
        return String.valueOf(value);
    }

    private static void write(Object value, StringBuilder out) {
        if (value instanceof Map<?, ?>) {
            String separator = "{";
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                out.append(separator);
                write(entry.getKey(), out);
                out.append(':');
                write(entry.getValue(), out);
                separator = ",";
            }
            out.append(separator.equals("{") ? "{}" : "}");
        } else if (value instanceof List<?>) {
            String separator = "[";
            for (Object item : (List<?>) value) {
                out.append(separator);
                write(item, out);
                separator = ",";
            }
            out.append(separator.equals("[") ? "[]" : "]");
        } else if (value == null || value instanceof Boolean || value instanceof Number) {
            out.append(value);
        } else {
            quote((String) value, out);
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
