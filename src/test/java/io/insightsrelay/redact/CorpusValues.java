package io.insightsrelay.redact;

import com.google.i18n.phonenumbers.NumberParseException;
import com.google.i18n.phonenumbers.PhoneNumberUtil;
import com.google.i18n.phonenumbers.PhoneNumberUtil.PhoneNumberFormat;
import com.google.i18n.phonenumbers.PhoneNumberUtil.PhoneNumberType;
import com.google.i18n.phonenumbers.Phonenumber.PhoneNumber;
import io.insightsrelay.redact.Corpus.Half;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Supplier;
import net.datafaker.Faker;
import net.datafaker.providers.base.Finance;
import net.datafaker.providers.base.Finance.CreditCardType;

/** Values of each class, drawn at random. In a value \u2983 and \u2984 stand around the personal part, where that is not the whole. */
final class CorpusValues {

    /**
     * A class of values.
     *
     * @param goal       whether recall has to be 0.99: it has a shape by which it can be told
     * @param member     name of the member that holds it
     * @param onlyAsText whether it comes in texts, not in URLs and JSON
     */
    record Kind(String name, boolean personal, boolean goal, String member, boolean onlyAsText, Supplier<String> values) {
    }

    /** Countries whose national phone numbers occur. */
    static final List<String> PHONE_REGIONS = List.of("US", "GB", "DE", "FR", "ES", "IT", "SE", "BR", "NL", "PL", "IN", "AU");
    private static final String[] LANGUAGES = {"en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "it-IT", "sv-SE", "pt-BR", "nl-NL", "pl-PL", "en-IN", "nb-NO"};
    private static final String LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private static final String DIGITS = "0123456789";
    private static final String ALPHANUMERIC = LETTERS + LETTERS.toLowerCase(Locale.ROOT) + DIGITS;
    private static final PhoneNumberUtil PHONES = PhoneNumberUtil.getInstance();
    private static final String NOTE = "attributes.note";

    private final Half half;
    private final Random random;
    private final Faker english;
    private final List<Faker> fakers = new ArrayList<>();
    private final List<Kind> kinds = new ArrayList<>();

    CorpusValues(Half half, Random random) {
        this.half = half;
        this.random = random;
        this.english = new Faker(Locale.ENGLISH, random);
        half.of(LANGUAGES).forEach(language -> fakers.add(new Faker(Locale.forLanguageTag(language), random)));
        personal();
        lookAlikes();
    }

    List<Kind> kinds() {
        return kinds;
    }

    private void shaped(String name, Supplier<String> values) {
        kinds.add(new Kind(name, true, true, NOTE, false, values));
    }

    private void lookAlike(String name, Supplier<String> values) {
        kinds.add(new Kind(name, false, false, NOTE, false, values));
    }

    private void personal() {
        shaped("e-mail", this::email);
        shaped("phone, international", this::internationalPhone);
        shaped("phone, national", this::nationalPhone);
        shaped("IPv4", this::ipv4);
        shaped("IPv6", this::ipv6);
        shaped("card", this::card);
        List<String> ibanCountries = half.of(Finance.ibanSupportedCountries().stream().filter(country -> !country.equals("SO")).sorted().toArray(String[]::new));
        shaped("IBAN", () -> {
            String iban = english.finance().iban(one(ibanCountries));
            return random.nextBoolean() ? iban : iban.replaceAll("(.{4})(?=.)", "$1 ");
        });
        nationalIds();
        shaped("JWT", this::jwt);
        shaped("API key", this::apiKey);
        shaped("password or secret", this::secret);
        kinds.add(new Kind("name, in a user's field", true, true, "user.spec.profile.displayName", true, () -> faker().name().fullName()));
        kinds.add(new Kind("name, in free text", true, false, NOTE, true, () -> faker().name().fullName()));
        kinds.add(new Kind("postal address, in free text", true, false, NOTE, true, () -> faker().address().streetAddress()));
        kinds.add(new Kind("phone, national, digits alone", true, false, NOTE, true, () -> PHONES.format(phone(), PhoneNumberFormat.NATIONAL).replaceAll("\\D", "")));
    }

    private String email() {
        Faker faker = faker();
        String plain = faker.internet().emailAddress();
        String name = plain.startsWith(".") ? "a" + digits(2) : plain.substring(0, plain.indexOf('@'));
        String domain = plain.substring(plain.indexOf('@') + 1);
        return switch (random.nextInt(12)) {
            case 0 -> name + "+" + word() + "@" + domain;
            case 1 -> name.toUpperCase(Locale.ROOT) + "@" + domain;
            case 2 -> name + "@" + word() + "." + word() + "." + faker.internet().domainSuffix();
            case 3 -> "o'" + name.replace(".", "_") + "@" + domain;
            case 4 -> name + digits(2) + "@xn--" + word() + "-kva.example";
            case 5 -> faker.name().lastName().toLowerCase(Locale.ROOT).replace(" ", "").replace("'", "") + "@" + domain;
            case 6 -> name + "@m\u00fcnchen-" + word() + ".de";
            case 7 -> faker.name().fullName() + " <\u2983" + name + "@" + domain + "\u2984>";
            case 8 -> "mailto:\u2983" + name + "@" + domain + "\u2984";
            case 9 -> name.charAt(0) + "@" + word() + ".io";
            case 10 -> name + "@" + domain.replace(".", "-" + word() + ".");
            default -> plain.startsWith(".") ? name + "@" + domain : plain;
        };
    }

    /** A number that the country's plan allows: an example of it with other last digits. */
    private PhoneNumber phone() {
        List<String> regions = half.of(PHONE_REGIONS.toArray(String[]::new));
        while (true) {
            String region = one(regions);
            PhoneNumberType type = one(List.of(PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE));
            PhoneNumber example = PHONES.getExampleNumberForType(region, type);
            String significant = PHONES.getNationalSignificantNumber(example);
            int keep = 3 + random.nextInt(2);
            try {
                PhoneNumber phone = PHONES.parse("+" + example.getCountryCode() + significant.substring(0, keep) + digits(significant.length() - keep), null);
                if (PHONES.isValidNumberForRegion(phone, region)) {
                    return phone;
                }
            } catch (NumberParseException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private String internationalPhone() {
        PhoneNumber phone = phone();
        String international = PHONES.format(phone, PhoneNumberFormat.INTERNATIONAL);
        return switch (random.nextInt(8)) {
            case 0, 1 -> international;
            case 2, 3 -> PHONES.format(phone, PhoneNumberFormat.E164);
            case 4 -> international.replace(' ', '-');
            case 5 -> international.replace(' ', '.').replace('-', '.');
            case 6 -> "tel:\u2983" + PHONES.format(phone, PhoneNumberFormat.E164) + "\u2984";
            default -> "+" + phone.getCountryCode() + " " + PHONES.getNationalSignificantNumber(phone);
        };
    }

    private String nationalPhone() {
        String national = PHONES.format(phone(), PhoneNumberFormat.NATIONAL);
        return switch (random.nextInt(6)) {
            case 0, 1, 2 -> national;
            case 3 -> national.replace(' ', '-').replace("(", "").replace(")", "").replace("--", "-");
            case 4 -> one(half.of("tel. ", "Tel: ", "phone ", "mobile: ", "Telefon ", "fax ", "t\u00e9l. ", "m\u00f3vil ", "Handy: ", "cell ")) + "\u2983" + national.replaceAll("\\D", "") + "\u2984";
            default -> national.replace(' ', '.').replace("(", "").replace(")", "").replace("-", ".");
        };
    }

    private String ipv4() {
        String address = random.nextBoolean() ? english.internet().publicIpV4Address() : english.internet().privateIpV4Address();
        return switch (random.nextInt(5)) {
            case 0 -> "\u2983" + address + "\u2984:" + (1024 + random.nextInt(60000));
            case 1 -> "http://\u2983" + address + "\u2984/";
            case 2 -> "\u2983" + address + "\u2984/" + (8 + random.nextInt(25));
            default -> address;
        };
    }

    private String ipv6() {
        int[] groups = random.ints(8, 0, 0x10000).toArray();
        groups[0] = one(List.of(0x2001, 0x2a02, 0x2606, 0xfe80, 0xfd12));
        int zeros = random.nextInt(6);
        for (int i = 0; i < zeros; i++) {
            groups[2 + i] = 0;
        }
        StringBuilder full = new StringBuilder();
        for (int group : groups) {
            full.append(full.isEmpty() ? "" : ":").append(String.format(random.nextInt(4) == 0 ? "%04x" : "%x", group));
        }
        String compressed = full.toString().replaceFirst("(?:(?<=:)|^)0+(?::0+)+(?=:|$)", "").replace(":::", "::");
        return switch (random.nextInt(8)) {
            case 0 -> full.toString();
            case 1 -> "[\u2983" + compressed + "\u2984]:" + (1024 + random.nextInt(60000));
            case 2 -> "\u2983" + compressed + "\u2984/64";
            case 3 -> "\u2983" + compressed + "\u2984%eth0";
            case 4 -> "::ffff:" + english.internet().publicIpV4Address();
            case 5 -> compressed.toUpperCase(Locale.ROOT);
            case 6 -> "ip:\u2983" + compressed + "\u2984";
            default -> compressed;
        };
    }

    private String card() {
        CreditCardType type = one(List.of(CreditCardType.VISA, CreditCardType.MASTERCARD, CreditCardType.DISCOVER, CreditCardType.AMERICAN_EXPRESS,
                CreditCardType.DINERS_CLUB, CreditCardType.JCB));
        String card = english.finance().creditCard(type);
        return one(List.of(card, card.replace("-", ""), card.replace('-', ' ')));
    }

    private void nationalIds() {
        shaped("national id, US", () -> english.idNumber().ssnValid());
        shaped("national id, GB", () -> {
            String prefix = one(List.of("AB", "CE", "HJ", "JK", "LM", "NR", "PX", "SW", "TY", "ZA"));
            String digits = digits(6);
            String suffix = one(List.of("A", "B", "C", "D"));
            return random.nextBoolean() ? prefix + digits + suffix
                    : prefix + " " + digits.substring(0, 2) + " " + digits.substring(2, 4) + " " + digits.substring(4) + " " + suffix;
        });
        Faker french = new Faker(Locale.FRANCE, random);
        shaped("national id, FR", () -> {
            String nir = french.idNumber().valid();
            return random.nextBoolean() ? nir : nir.replaceAll("(.)(..)(..)(..)(...)(...)(..)", "$1 $2 $3 $4 $5 $6 $7");
        });
        shaped("national id, ES", () -> {
            boolean foreigner = random.nextInt(3) == 0;
            int first = random.nextInt(3);
            String digits = digits(foreigner ? 7 : 8);
            char check = "TRWAGMYFPDXBNJZSQVHLCKE".charAt(Integer.parseInt((foreigner ? first : "") + digits) % 23);
            return (foreigner ? "XYZ".substring(first, first + 1) : "") + digits + (random.nextInt(4) == 0 ? "-" : "") + check;
        });
        shaped("national id, DE", () -> labelled(germanTaxId(), "Steuer-ID ", "Steueridentifikationsnummer: ", "IdNr. ", "Steuer-ID: ", "steuerId=", "Steuernummer "));
        Faker italian = new Faker(Locale.ITALY, random);
        shaped("national id, IT", () -> italian.idNumber().valid());
        Faker swedish = new Faker(Locale.forLanguageTag("sv-SE"), random);
        shaped("national id, SE", () -> (random.nextBoolean() ? "" : "19") + swedish.idNumber().validSvSeSsn());
        Faker brazilian = new Faker(Locale.forLanguageTag("pt-BR"), random);
        shaped("national id, BR", () -> random.nextInt(3) > 0 ? brazilian.cpf().valid() : labelled(brazilian.cpf().valid(false), "CPF ", "CPF: ", "cpf=", "CPF n\u00ba ", "do CPF "));
        shaped("national id, PL", () -> labelled(english.idNumber().peselNumber(), "PESEL ", "PESEL: ", "pesel=", "nr PESEL ", "numer PESEL: "));
    }

    private String labelled(String value, String... labels) {
        return one(half.of(labels)) + "\u2983" + value + "\u2984";
    }

    /** Eleven digits, one of the first ten twice and one missing, the last after ISO 7064 MOD 11,10. */
    private String germanTaxId() {
        List<Integer> digits = new ArrayList<>(List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
        Collections.shuffle(digits, random);
        digits.set(9, digits.get(0));
        Collections.shuffle(digits, random);
        if (digits.get(0) == 0) {
            return germanTaxId();
        }
        int product = 10;
        StringBuilder id = new StringBuilder();
        for (int digit : digits) {
            int sum = (digit + product) % 10;
            product = (sum == 0 ? 10 : sum) * 2 % 11;
            id.append(digit);
        }
        int check = 11 - product;
        id.append(check == 10 ? 0 : check);
        return random.nextBoolean() ? id.toString() : id.toString().replaceAll("(..)(...)(...)(...)", "$1 $2 $3 $4");
    }

    private String jwt() {
        String header = base64("{\"alg\":\"" + one(List.of("ES256", "RS256", "HS256")) + "\",\"typ\":\"" + one(List.of("JWT", "vnd.backstage.user", "at+jwt")) + "\"}");
        String claims = base64("{\"sub\":\"" + word() + "\",\"exp\":" + digits(10) + ",\"iss\":\"https://" + word() + ".example\"}");
        return header + "." + claims + "." + random(ALPHANUMERIC + "-_", 43 + random.nextInt(44));
    }

    private static String base64(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private String apiKey() {
        return switch (random.nextInt(16)) {
            case 0 -> one(List.of("AKIA", "ASIA")) + random(LETTERS + "234567", 16);
            case 1 -> "gh" + one(List.of("p", "o", "u", "s", "r")) + "_" + random(ALPHANUMERIC, 36);
            case 2 -> "github_pat_" + random(ALPHANUMERIC, 22) + "_" + random(ALPHANUMERIC, 59);
            case 3 -> "xox" + one(List.of("b", "p", "a", "s")) + "-" + digits(12) + "-" + digits(12) + "-" + random(ALPHANUMERIC, 24);
            case 4 -> one(List.of("sk", "rk", "pk")) + "_" + one(List.of("live", "test")) + "_" + random(ALPHANUMERIC, 24 + random.nextInt(75));
            case 5 -> "AIza" + random(ALPHANUMERIC + "-_", 34) + random(ALPHANUMERIC, 1);
            case 6 -> "npm_" + random(ALPHANUMERIC, 36);
            case 7 -> "glpat-" + random(ALPHANUMERIC, 20);
            case 8 -> "SG." + random(ALPHANUMERIC, 22) + "." + random(ALPHANUMERIC, 43);
            case 9 -> "https://hooks.slack.com/services/\u2983T" + random(LETTERS + DIGITS, 8) + "/B" + random(LETTERS + DIGITS, 10) + "/" + random(ALPHANUMERIC, 24) + "\u2984";
            case 10 -> "sk-" + one(List.of("proj-", "ant-api03-", "")) + random(ALPHANUMERIC, 48);
            case 11 -> "dop_v1_" + random("0123456789abcdef", 64);
            case 12 -> "hf_" + random(ALPHANUMERIC, 34);
            case 13 -> "pypi-AgEIcHlwaS5vcmc" + random(ALPHANUMERIC, 120);
            case 14 -> "whsec_" + random(ALPHANUMERIC, 32);
            default -> "shpat_" + random("0123456789abcdef", 32);
        };
    }

    private String secret() {
        String value = random(LETTERS.toLowerCase(Locale.ROOT), 3) + random(ALPHANUMERIC + "!$*", 5 + random.nextInt(12)) + digits(2);
        return switch (random.nextInt(9)) {
            case 0 -> "https://" + word() + ":\u2983" + random(ALPHANUMERIC, 12) + "\u2984@git.example.com/x.git";
            case 1 -> "password=\u2983" + value + "\u2984";
            case 2 -> "Authorization: Bearer \u2983" + random(ALPHANUMERIC + "-._", 31) + "x\u2984";
            case 3 -> "Authorization: Basic \u2983" + base64(word() + ":" + value) + "\u2984";
            case 4 -> "api_key=\u2983" + random(ALPHANUMERIC, 32) + "\u2984";
            case 5 -> "access_token=\u2983" + random(ALPHANUMERIC, 40) + "\u2984&state=1";
            case 6 -> "client_secret: \u2983" + random(ALPHANUMERIC, 32) + "\u2984";
            case 7 -> "postgres://" + word() + ":\u2983" + random(ALPHANUMERIC, 14) + "\u2984@db.internal:5432/app";
            default -> "-----BEGIN " + one(List.of("", "RSA ", "EC ", "OPENSSH ")) + "PRIVATE KEY-----\n" + "\u2983" + random(ALPHANUMERIC + "+/", 64) + "\n"
                    + random(ALPHANUMERIC + "+/", 64) + "\u2984\n-----END PRIVATE KEY-----";
        };
    }

    private void lookAlikes() {
        lookAlike("version", () -> switch (random.nextInt(9)) {
            case 0 -> "v" + quad();
            case 1 -> "version " + quad();
            case 2 -> one(half.of("Chrome/", "Edg/", "Firefox/", "HeadlessChrome/", "OPR/", "Vivaldi/")) + (60 + random.nextInt(90)) + ".0.0.0";
            case 3 -> quad() + one(half.of("-beta.1", "-SNAPSHOT", "-rc2", "-alpine", "-jre", "+build.7"));
            case 4 -> one(half.of("postgres:", "redis:", "node@", "react@^", "openjdk:", "@scope/pkg@")) + random.nextInt(20) + "." + random.nextInt(20) + "." + random.nextInt(20);
            case 5 -> random.nextInt(9) + "." + random.nextInt(99) + "." + random.nextInt(999);
            case 6 -> "1.3.6.1.4.1." + digits(4) + "." + random.nextInt(99);
            case 7 -> english.internet().userAgent();
            default -> random.nextInt(9) + "." + random.nextInt(99) + "-" + digits(8);
        });
        lookAlike("hash or id", () -> switch (random.nextInt(10)) {
            case 0 -> english.hashing().sha256();
            case 1 -> hex(40);
            case 2 -> hex(7);
            case 3 -> english.hashing().md5();
            case 4 -> english.internet().uuid();
            case 5 -> "00-" + hex(32) + "-" + hex(16) + "-01";
            case 6 -> "sha256:" + hex(64);
            case 7 -> english.internet().uuidv7();
            case 8 -> random(ALPHANUMERIC, 22);
            default -> english.internet().macAddress();
        });
        lookAlike("entity ref or path", () -> switch (random.nextInt(9)) {
            case 0 -> "component:default/" + word() + "-" + digits(1 + random.nextInt(10));
            case 1 -> "group:" + word() + "/team-" + word();
            case 2 -> "user:default/" + word() + "." + word();
            case 3 -> "/catalog/default/component/" + word() + "-svc/ci-cd";
            case 4 -> "url:https://github.com/" + word() + "/" + word() + "/blob/main/catalog-info.yaml";
            case 5 -> "git@github.com:" + word() + "/" + word() + ".git";
            case 6 -> "arn:aws:iam::" + digits(12) + ":role/" + word();
            case 7 -> "@" + word() + "/" + word() + "-plugin";
            default -> word() + "-" + hex(9) + "-" + random("bcdfghjklmnpqrstvwxz2456789", 5);
        });
        lookAlike("date or time", () -> {
            java.time.ZonedDateTime at = java.time.Instant.ofEpochSecond(946684800L + random.nextInt(900_000_000)).atZone(java.time.ZoneOffset.UTC);
            return at.format(java.time.format.DateTimeFormatter.ofPattern(one(half.of("yyyy-MM-dd", "dd.MM.yyyy", "MM/dd/yyyy", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyyMMdd'T'HHmmss'Z'",
                    "yyyy-MM-dd HH:mm:ss.SSSSSS", "HH:mm:ss", "EEE, dd MMM yyyy HH:mm:ss 'GMT'", "yyyy/MM/dd HH:mm", "yyyyMMdd", "yyyyMMddHHmmss", "dd-MM-yyyy HH:mm",
                    "yyyy-MM-dd'T'HH:mm:ss.SSS'+02:00'", "dd.MM.yyyy HH:mm 'Uhr'", "yyyy-DDD", "yyyy-MM-dd HH.mm.ss", "yyyy.MM.dd", "yyyy-MM-dd_HH-mm-ss", "M/d/yy, h:mm a",
                    "dd/MM/yyyy 'a las' HH:mm")), Locale.ENGLISH));
        });
        lookAlike("epoch, duration, amount", () -> switch (random.nextInt(10)) {
            case 0 -> "17" + digits(8);
            case 1 -> "17" + digits(11);
            case 2 -> "17" + digits(14);
            case 3 -> "P" + random.nextInt(9) + "DT" + random.nextInt(24) + "H" + random.nextInt(60) + "M";
            case 4 -> String.format(Locale.US, "%,.2f", random.nextDouble() * 1e7);
            case 5 -> String.format(Locale.GERMANY, "%,.2f EUR", random.nextDouble() * 1e7);
            case 6 -> String.format(Locale.US, "%.6f, %.6f", random.nextDouble() * 90, random.nextDouble() * 180);
            case 7 -> random.nextInt(4000) + "x" + random.nextInt(4000);
            case 8 -> digits(1 + random.nextInt(12)) + " ms";
            default -> String.format(Locale.US, "%.15f", random.nextDouble());
        });
        lookAlike("order or part number", () -> switch (random.nextInt(14)) {
            case 0 -> "ORD-" + digits(10);
            case 1 -> "#" + digits(5 + random.nextInt(5));
            case 2 -> "45" + digits(8);
            case 3 -> "2026-" + digits(6);
            case 4 -> "INV/2026/" + digits(7);
            case 5 -> one(List.of("112", "305", "702")) + "-" + digits(7) + "-" + digits(7);
            case 6 -> digits(10 + random.nextInt(10));
            case 7 -> "978-" + random.nextInt(10) + "-" + digits(2) + "-" + digits(6) + "-" + random.nextInt(10);
            case 8 -> partNumber();
            case 9 -> "PROJ-" + digits(4);
            case 10 -> "RMA " + digits(4) + "-" + digits(4);
            case 11 -> random(LETTERS, 3) + "-" + digits(3) + "-" + digits(4);
            case 12 -> "1Z" + random(LETTERS + DIGITS, 6) + digits(10);
            default -> "ticket " + digits(7);
        });
        lookAlike("code", () -> switch (random.nextInt(10)) {
            case 0 -> "std::" + word();
            case 1 -> word() + "::" + word() + digits(1);
            case 2 -> "@Override";
            case 3 -> "localhost:" + digits(4);
            case 4 -> "[" + random.nextInt(60) + "/" + random.nextInt(60) + "]";
            case 5 -> "a@b";
            case 6 -> "0 " + random.nextInt(24) + " * * 1-5";
            case 7 -> "#" + hex(6);
            case 8 -> word() + "@" + random.nextInt(10) + "." + random.nextInt(20) + "." + random.nextInt(20);
            default -> "{" + word() + ":" + digits(3) + "}";
        });
        lookAlike("words about secrets", () -> one(half.of("password reset", "forgot your password?", "token type is bearer", "/settings/password?tab=security", "secret manager",
                "the bearer of this", "api-key rotation", "basic auth is off", "tokenizer settings", "sk-learn", "passwords: policy", "authorization code flow",
                "private key expired", "access key ids", "jwt library", "secret santa", "pwd command", "tokens=3", "npm_config", "glpat docs")));
        lookAlike("plain text", () -> switch (random.nextInt(4)) {
            case 0 -> english.lorem().sentence();
            case 1 -> faker().company().name();
            case 2 -> word() + " " + word();
            default -> faker().country().capital();
        });
    }

    /** As NINOs are written, but none: of one that is, nobody can say that it is not personal (gov.uk, National Insurance Manual, NIM39110). */
    private String partNumber() {
        String number = random(LETTERS, 2) + digits(6) + random(LETTERS, 1);
        return number.matches("[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\\d{6}[A-D]") ? partNumber() : number;
    }

    private String quad() {
        return random.nextInt(20) + "." + random.nextInt(20) + "." + random.nextInt(20) + "." + random.nextInt(250);
    }

    private String word() {
        return english.lorem().word().toLowerCase(Locale.ROOT);
    }

    private Faker faker() {
        return one(fakers);
    }

    private String hex(int length) {
        return random("0123456789abcdef", length);
    }

    private String digits(int length) {
        return random(DIGITS, length);
    }

    private String random(String alphabet, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(alphabet.charAt(random.nextInt(alphabet.length())));
        }
        return text.toString();
    }

    private <T> T one(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }
}
