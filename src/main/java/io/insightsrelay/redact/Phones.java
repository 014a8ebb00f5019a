package io.insightsrelay.redact;

import static io.insightsrelay.redact.Findings.is;
import static io.insightsrelay.redact.Findings.isDigit;
import static io.insightsrelay.redact.Findings.isWord;

import com.google.i18n.phonenumbers.NumberParseException;
import com.google.i18n.phonenumbers.PhoneNumberMatch;
import com.google.i18n.phonenumbers.PhoneNumberUtil;
import com.google.i18n.phonenumbers.PhoneNumberUtil.Leniency;
import com.google.i18n.phonenumbers.PhoneNumberUtil.ValidationResult;
import com.google.i18n.phonenumbers.Phonenumber.PhoneNumber;
import io.insightsrelay.redact.RedactProperties.Detector;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Finds phone numbers: international ones, and national ones of some countries that are written in the groups that are usual there, or stand behind a
 * word such as tel. A bare run of digits is more often an order number, a time or an id. Thread-safe.
 */
final class Phones {

    static final int FEWEST_DIGITS = 7;
    /** In the names of members that hold a number. */
    private static final List<String> NAMES = List.of("phone", "mobile", "telef", "fax");
    /** Before a number, as whole words and as beginnings of words. */
    private static final Set<String> WORDS = Set.of("tel", "t\u00e9l", "fon", "mob", "tlf", "rufnr");
    private static final List<String> BEGINNINGS = List.of("telef", "teleph", "t\u00e9l\u00e9ph", "phone", "mobil", "m\u00f3vil", "movil", "cell", "handy", "fax", "call", "sms",
            "gsm", "whatsapp", "rufnum");
    /** Of a country in which no number is national. */
    private static final Map<String, Integer> INTERNATIONAL = Map.of("ZZ", -1);
    private static final int MOST_DIGITS = 15;
    private static final int LONGEST_WORD = 20;
    /** Without the words between them: several numbers in a row. */
    private static final int LONGEST = 256;
    private static final int SURE_LENGTH = 10;
    private static final int MOST_NATIONAL_DIGITS = 12;
    private static final int MOST_TRIES = 100;
    private static final PhoneNumberUtil PHONES = PhoneNumberUtil.getInstance();
    private static final String BETWEEN = " -./()\u00a0\u2010\u2011\u2013";

    /** By country, how many digits a national number may have, each as a bit. */
    private final Map<String, Integer> regions = new LinkedHashMap<>();

    /** @throws IllegalArgumentException if there is no such country */
    Phones(Set<String> regions) {
        for (String region : regions) {
            if (!PHONES.getSupportedRegions().contains(region)) {
                throw new IllegalArgumentException("redact.regions holds " + region + "; each has to be an ISO 3166 country code such as US or DE");
            }
        }
        regions.forEach(region -> this.regions.put(region, lengths(region)));
    }

    /** With the prefix that is dialled within the country, and without. */
    private static int lengths(String region) {
        int countryCode = PHONES.getCountryCodeForRegion(region);
        String prefix = PHONES.getNddPrefixForRegion(region, true);
        int lengths = 0;
        for (int digits = 1; digits <= MOST_DIGITS; digits++) {
            PhoneNumber some = new PhoneNumber().setCountryCode(countryCode).setNationalNumber(Long.parseLong("2".repeat(digits)));
            if (PHONES.isPossibleNumberWithReason(some) == ValidationResult.IS_POSSIBLE) {
                lengths |= 1 << digits | 1 << digits + (prefix == null ? 0 : prefix.length());
            }
        }
        return lengths;
    }

    void find(Findings findings) {
        String text = findings.text();
        int i = 0;
        while (i < text.length()) {
            if (!isDigit(text, i)) {
                i++;
                continue;
            }
            int start = i;
            while (start > 0 && (text.charAt(start - 1) == '+' || text.charAt(start - 1) == '(')) {
                start--;
            }
            int end = i;
            int last = i;
            int digits = 0;
            while (end < text.length() && (isDigit(text, end) || BETWEEN.indexOf(text.charAt(end)) >= 0 && end - last < 3)) {
                if (isDigit(text, end)) {
                    digits++;
                    last = end;
                }
                end++;
            }
            if (digits >= FEWEST_DIGITS) {
                look(findings, text, start, last + 1, digits);
            }
            i = end;
        }
    }

    private void look(Findings findings, String text, int start, int end, int digits) {
        // a decimal comma follows, as in 1.234.567,89
        boolean amount = is(text, end, ',') && isDigit(text, end + 1);
        boolean goesOn = is(text, start - 1, '-') && isWord(text, start - 2) || isDigit(text, start - 2) && (is(text, start - 1, '.') || is(text, start - 1, ':'));
        if (amount || goesOn || isWord(text, start - 1) || isWord(text, end) || end - start > LONGEST) {
            return;
        }
        boolean international = text.charAt(start) == '+' || text.startsWith("(+", start);
        String number = text.substring(start, end);
        if (international && take(findings, start, best(number, digits, INTERNATIONAL, Leniency.VALID, false))) {
            return;
        }
        boolean expected = isExpected(findings, text, start);
        if (expected) {
            take(findings, start, best(international ? number.replace('+', ' ') : number, digits, regions, Leniency.VALID, false));
        } else if (!international && isWritten(number)) {
            take(findings, start, best(number, digits, regions, Leniency.STRICT_GROUPING, true));
        }
    }

    /** By the member's name, or by the word before it. */
    private static boolean isExpected(Findings findings, String text, int start) {
        int end = start;
        while (end > 0 && start - end < 4 && !isWord(text, end - 1)) {
            end--;
        }
        int begin = end;
        while (begin > 0 && end - begin < LONGEST_WORD && Character.isLetter(text.charAt(begin - 1))) {
            begin--;
        }
        String name = findings.name();
        return begin < end && isWordForPhone(text.substring(begin, end).toLowerCase(Locale.ROOT))
                || name.equals("tel") || name.endsWith(".tel") || NAMES.stream().anyMatch(name::contains);
    }

    private static boolean isWordForPhone(String word) {
        for (String beginning : BEGINNINGS) {
            if (word.startsWith(beginning)) {
                return true;
            }
        }
        return WORDS.contains(word);
    }

    /** In groups, as a number that is read to someone is, and as dates, decimals and versions are not. */
    private static boolean isWritten(String number) {
        int groups = 1;
        int dots = 0;
        int first = -1;
        int digits = 0;
        int single = 0;
        for (int i = 0; i < number.length(); i++) {
            char c = number.charAt(i);
            if (c >= '0' && c <= '9') {
                digits++;
            } else {
                single += c == '.' && first >= 0 && number.charAt(i - 2) == '.' ? 1 : 0;
                first = first < 0 && i > 0 ? i : first;
                groups++;
                dots += c == '.' ? 1 : 0;
            }
        }
        if (first < 0) {
            return false;
        }
        boolean otherThanDots = dots > 0 && dots < groups - 1;
        boolean decimal = dots == 1 && !(number.charAt(0) == '0' && first > 1);
        // of a version and the like groups have one digit
        boolean version = dots > 0 && (single > 0 || first == 1 && number.charAt(0) != '1' || number.charAt(number.length() - 2) == '.');
        boolean tooLong = digits > MOST_NATIONAL_DIGITS && number.indexOf(' ') < 0;
        return !otherThanDots && !decimal && !version && !tooLong && !(first == 2 && number.startsWith("00")) && !isDate(number, first);
    }

    /**
     * A year first, or last behind one or two digits, or behind a day and a month with a time after it.
     *
     * @param first where the first group ends
     */
    private static boolean isDate(String number, int first) {
        if (first > 2) {
            return first == 4 && isYear(number, 0);
        }
        int last = number.length() - 5;
        boolean yearLast = last > 0 && !Character.isDigit(number.charAt(last)) && isYear(number, last + 1);
        int second = 2 * first + 1;
        return yearLast || number.length() > 10 && number.charAt(first) == number.charAt(second) && isYear(number, second + 1);
    }

    private static boolean isYear(String number, int index) {
        return number.startsWith("19", index) || number.startsWith("20", index);
    }

    /** What the country that explains most of the number finds in it. */
    private static List<PhoneNumberMatch> best(String number, int digits, Map<String, Integer> regions, Leniency leniency, boolean whole) {
        List<PhoneNumberMatch> best = List.of();
        int most = 0;
        boolean several = number.indexOf(' ') >= 0;
        for (Map.Entry<String, Integer> of : regions.entrySet()) {
            String region = of.getKey();
            int lengths = of.getValue();
            // a look at the length is cheaper than a parse, and that than a search, which tries parts too
            boolean possible = several ? digits >= Integer.numberOfTrailingZeros(lengths) : digits <= MOST_DIGITS + 3 && (lengths >> digits & 1) == 1 && isValid(number, region);
            if (!possible) {
                continue;
            }
            List<PhoneNumberMatch> matches = new ArrayList<>(1);
            int length = 0;
            for (PhoneNumberMatch match : PHONES.findNumbers(number, region, leniency, MOST_TRIES)) {
                if (!whole || isApart(number, match)) {
                    matches.add(match);
                    length += match.end() - match.start();
                }
            }
            if (length > most) {
                best = matches;
                most = length;
            }
        }
        return best;
    }

    private static boolean isValid(String number, String region) {
        try {
            return PHONES.isValidNumber(PHONES.parse(number, region));
        } catch (NumberParseException e) {
            return false;
        }
    }

    /** The whole, or a long number between spaces. */
    private static boolean isApart(String number, PhoneNumberMatch match) {
        boolean left = match.start() == 0 || number.charAt(match.start() - 1) == ' ';
        boolean right = match.end() == number.length() || number.charAt(match.end()) == ' ';
        return left && right && (match.end() - match.start() == number.length() || match.end() - match.start() >= SURE_LENGTH);
    }

    private static boolean take(Findings findings, int start, List<PhoneNumberMatch> matches) {
        matches.forEach(match -> findings.take(start + match.start(), start + match.end(), Detector.PHONE));
        return !matches.isEmpty();
    }
}
