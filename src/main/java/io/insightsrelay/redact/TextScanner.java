package io.insightsrelay.redact;

import com.google.i18n.phonenumbers.PhoneNumberMatch;
import com.google.i18n.phonenumbers.PhoneNumberUtil;
import com.google.i18n.phonenumbers.PhoneNumberUtil.Leniency;
import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import io.insightsrelay.redact.RedactProperties.Detector;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.commons.validator.routines.CreditCardValidator;
import org.apache.commons.validator.routines.IBANValidator;
import org.apache.commons.validator.routines.InetAddressValidator;

/** Finds personal data in text and replaces it. Cheap checks first: most text has nothing to look at. Thread-safe. */
final class TextScanner {

    private static final Pattern EMAIL = Pattern.compile("[\\pL\\pN._%+'\\-]+@[\\pL\\pN\\-]+(?:\\.[\\pL\\pN\\-]+)*\\.\\pL{2,}");
    private static final Pattern CREDENTIAL = Pattern.compile(String.join("|",
            "-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
            "eyJ[A-Za-z0-9_\\-]{6,}\\.[A-Za-z0-9_\\-]{4,}(?:\\.[A-Za-z0-9_\\-]*)?",
            "\\b(?:AKIA|ASIA)[0-9A-Z]{16}\\b",
            "\\bgh[pousr]_[A-Za-z0-9]{30,}", "\\bgithub_pat_[A-Za-z0-9_]{22,}", "\\bglpat-[A-Za-z0-9_\\-]{16,}",
            "\\bxox[abeoprs]-[A-Za-z0-9\\-]{10,}", "\\b[srp]k_(?:live|test)_[A-Za-z0-9]{10,}", "\\bwhsec_[A-Za-z0-9]{16,}",
            "\\bAIza[0-9A-Za-z_\\-]{35}", "\\bnpm_[A-Za-z0-9]{36}", "\\bsk-[A-Za-z0-9_\\-]{20,}", "\\bSG\\.[A-Za-z0-9_\\-]{16,}\\.[A-Za-z0-9_\\-]{16,}",
            "(?i:\\b(?:bearer|basic)\\s+[a-z0-9._~+/=\\-]{8,})",
            "(?i:(?:password|passwd|pwd|secret|token|api[_\\-]?key|access[_\\-]?key|authorization)[\"']?\\s*[=:]\\s*[\"']?(?:(?:bearer|basic)\\s+)?[^\\s\"'&,;}]{4,})",
            "://[^/\\s:@]+:[^/\\s@]+@"));
    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(?:\\.\\d{1,3}){3}");
    private static final Pattern IPV6 = Pattern.compile("[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\\.\\d{1,3}){0,3}");
    private static final Pattern CARD = Pattern.compile("\\d(?:[ \\-]?\\d){12,18}");
    private static final Pattern IBAN = Pattern.compile("[A-Z]{2}\\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?");
    private static final Pattern ENTITY_REF = Pattern.compile("[A-Za-z][A-Za-z0-9]*:[A-Za-z0-9._\\-]+/[A-Za-z0-9._@+\\-]+");
    private static final int FEWEST_DIGITS = 7;

    private final Set<Detector> detectors;
    private final String region;
    private final List<Pattern> more;
    private final String replacement;
    private final PhoneNumberUtil phones = PhoneNumberUtil.getInstance();
    private final CreditCardValidator cards = CreditCardValidator.genericCreditCardValidator();

    TextScanner(Set<Detector> detectors, String region, List<Pattern> more, String replacement) {
        if (!phones.getSupportedRegions().contains(region)) {
            throw new IllegalArgumentException("redact.region is " + region + "; it has to be an ISO 3166 country code such as US or DE");
        }
        this.detectors = detectors;
        this.region = region;
        this.more = more;
        this.replacement = replacement;
    }

    /**
     * The text without personal data; the same text where there is none.
     *
     * @param name the member's name, which tells a version from an address and an order number from a phone number
     */
    String clean(String name, String text) {
        String clean = scan(name, text);
        if (clean.equals(text) && text.indexOf('%') >= 0) {
            String decoded = decode(text);
            String cleanDecoded = scan(name, decoded);
            return cleanDecoded.equals(decoded) ? text : cleanDecoded;
        }
        return clean;
    }

    private String scan(String name, String text) {
        String clean = text;
        boolean at = text.indexOf('@') >= 0;
        if (detectors.contains(Detector.CREDENTIAL) && text.length() >= 8) {
            clean = replace(CREDENTIAL, clean, found -> true);
        }
        if (at && detectors.contains(Detector.EMAIL)) {
            clean = replace(EMAIL, clean, found -> true);
        }
        for (Pattern pattern : more) {
            clean = replace(pattern, clean, found -> true);
        }
        // names of groups and components hold numbers of all kinds
        if (ENTITY_REF.matches(text)) {
            return clean;
        }
        int digits = digits(clean);
        if (detectors.contains(Detector.IP)) {
            if (digits >= 4 && clean.indexOf('.') >= 0 && !isVersion(name)) {
                clean = replaceIpv4(clean);
            }
            if (clean.indexOf(':') >= 0) {
                clean = replaceIpv6(clean);
            }
        }
        if (digits >= FEWEST_DIGITS) {
            if (detectors.contains(Detector.IBAN)) {
                clean = replace(IBAN, clean, found -> IBANValidator.getInstance().isValid(found.group().replace(" ", "")));
            }
            if (detectors.contains(Detector.CARD)) {
                clean = replaceAlone(CARD, clean, found -> cards.isValid(found.group().replace(" ", "").replace("-", "")));
            }
            if (detectors.contains(Detector.PHONE)) {
                clean = replacePhones(name, clean);
            }
        }
        return clean;
    }

    private String replace(Pattern pattern, String text, Predicate<Matcher> isReal) {
        Matcher matcher = pattern.matcher(text);
        StringBuilder clean = null;
        int from = 0;
        while (matcher.find()) {
            if (matcher.end() > matcher.start() && isReal.test(matcher)) {
                clean = clean == null ? new StringBuilder() : clean;
                clean.append(text, from, matcher.start()).append(replacement);
                from = matcher.end();
            }
        }
        return clean == null ? text : clean.append(text, from, text.length()).toString();
    }

    /** Like {@link #replace}, for what is not part of a longer word or number. */
    private String replaceAlone(Pattern pattern, String text, Predicate<Matcher> isReal) {
        return replace(pattern, text, found -> isBoundary(text, found.start() - 1) && isBoundary(text, found.end()) && isReal.test(found));
    }

    private static boolean isBoundary(String text, int index) {
        return index < 0 || index >= text.length() || !(Character.isLetterOrDigit(text.charAt(index)) || text.charAt(index) == '_');
    }

    private String replaceIpv4(String text) {
        return replaceAlone(IPV4, text, found -> {
            int after = found.end();
            return !isDot(text, found.start() - 1) && !(isDot(text, after) && isDigit(text, after + 1))
                    && !text.substring(0, found.start()).toLowerCase(Locale.ROOT).stripTrailing().endsWith("version")
                    && !(after < text.length() && text.charAt(after) == '-') && InetAddressValidator.getInstance().isValidInet4Address(found.group());
        });
    }

    /** {@code a::b} is a name in some languages; an address has a digit. A time has two colons and no address has as few groups. */
    private String replaceIpv6(String text) {
        return replaceAlone(IPV6, text, found -> found.group().chars().anyMatch(Character::isDigit)
                && InetAddressValidator.getInstance().isValidInet6Address(found.group()));
    }

    private String replacePhones(String name, String text) {
        boolean expected = name.toLowerCase(Locale.ROOT).matches(".*(phone|mobile|tel|fax).*");
        StringBuilder clean = null;
        int from = 0;
        Iterable<PhoneNumberMatch> found = phones.findNumbers(text, region, Leniency.VALID, Long.MAX_VALUE);
        for (PhoneNumberMatch match : found) {
            String raw = match.rawString();
            boolean international = raw.startsWith("+");
            boolean written = raw.chars().anyMatch(c -> c == ' ' || c == '-' || c == '(' || c == '.' || c == '/');
            // a bare run of digits is more often an order number, a timestamp or an id
            boolean plausible = international || expected || written && phones.isValidNumber(match.number()) && isGrouped(text, match);
            if (plausible && isBoundary(text, match.start() - 1) && isBoundary(text, match.end())) {
                clean = clean == null ? new StringBuilder() : clean;
                clean.append(text, from, match.start()).append(replacement);
                from = match.end();
            }
        }
        return clean == null ? text : clean.append(text, from, text.length()).toString();
    }

    /** Written in the groups that the country uses, as dates and versions are not. */
    private boolean isGrouped(String text, PhoneNumberMatch match) {
        for (PhoneNumberMatch strict : phones.findNumbers(text, region, Leniency.STRICT_GROUPING, Long.MAX_VALUE)) {
            if (strict.start() == match.start()) {
                return true;
            }
        }
        return false;
    }

    private static boolean isVersion(String name) {
        return name.toLowerCase(Locale.ROOT).endsWith("version");
    }

    private static boolean isDot(String text, int index) {
        return index >= 0 && index < text.length() && text.charAt(index) == '.';
    }

    private static boolean isDigit(String text, int index) {
        return index < text.length() && Character.isDigit(text.charAt(index));
    }

    private static int digits(String text) {
        int digits = 0;
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= '0' && text.charAt(i) <= '9') {
                digits++;
            }
        }
        return digits;
    }

    private static String decode(String text) {
        try {
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return text;
        }
    }
}
