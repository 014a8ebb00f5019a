package io.insightsrelay.redact;

import static io.insightsrelay.redact.Findings.is;
import static io.insightsrelay.redact.Findings.isDigit;
import static io.insightsrelay.redact.Findings.isLetter;
import static io.insightsrelay.redact.Findings.isWord;

import com.google.re2j.Pattern;
import io.insightsrelay.redact.RedactProperties.Detector;
import java.time.Month;
import java.time.Year;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.commons.validator.routines.checkdigit.LuhnCheckDigit;

/**
 * Tells national ids: by how they are written and by their check digits where they have some. Those that consist of some eleven digits and nothing else count
 * only behind their name, such as CPF. Thread-safe.
 */
final class NationalIds {

    private static final Pattern NINO = Pattern.compile("[ABCEGHJ-PRSTW-Z][ABCEGHJ-NPRSTW-Z](?: ?\\d\\d){3} ?[A-D]");
    private static final List<String> NO_NINO = List.of("BG", "GB", "KN", "NK", "NT", "TN", "ZZ");
    private static final Pattern CODICE_FISCALE = Pattern.compile("[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]");
    private static final Pattern NIR = Pattern.compile("[12]\\d{4}(?:\\d\\d|2[AB])\\d{8}");
    private static final Pattern NIR_SPACED = Pattern.compile("[12] \\d\\d \\d\\d (?:\\d\\d|2[AB]) \\d{3} \\d{3} \\d\\d");
    private static final int NIR_LENGTH = 21;
    private static final int NINO_LENGTH = 13;
    private static final int[] ODD = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
    private static final String DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE";
    private static final int NAME_WITHIN = 32;
    private static final int YOUNGEST = 14;
    private static final List<String> SSN_NAMES = List.of("ssn", "social security", "socialsecurity", "social_security");
    private static final List<String> PERSONNUMMER_NAMES = List.of("personn", "personal number", "personalnumber", "personal_number", "pnr");
    private static final List<String> STEUER_ID_NAMES = List.of("steuer", "idnr", "tax id", "taxid", "tax_id", "tax-id", "tin ", "tin:", "tin=");

    private NationalIds() {
    }

    /** Ids that may have letters: Great Britain, France, Spain, Italy. The end of what was taken, or the start. */
    static int findWord(Findings findings, String text, int start, int end) {
        int to = switch (end - start) {
            case 1 -> isDigit(text, start + 2) && isDigit(text, start + 3) && is(text, start + 4, ' ') ? start + NIR_LENGTH : start;
            case 2 -> is(text, end, ' ') && isDigit(text, end + 1) && isDigit(text, end + 2) && is(text, end + 3, ' ') ? start + NINO_LENGTH : start;
            case 8 -> is(text, end, '-') && isLetter(text, end + 1) && isDigit(text, start + 1) ? end + 2 : start;
            case 9 -> isDigit(text, start + 2) && isDigit(text, start + 7) && isLetter(text, start + 8) ? end : start;
            case 15 -> isDigit(text, start) && isDigit(text, start + 1) ? end : start;
            case 16 -> isLetter(text, start) && isLetter(text, start + 5) && isLetter(text, start + 8) && isLetter(text, start + 15) ? end : start;
            default -> start;
        };
        if (to == start || to > text.length() || isWord(text, to) || is(text, to, '-') || is(text, start - 1, '-')) {
            return start;
        }
        String word = text.substring(start, to);
        boolean found = switch (end - start) {
            case 1 -> NIR_SPACED.matches(word) && isNir(word.replace(" ", ""));
            case 2 -> isNino(word);
            case 15 -> NIR.matches(word) && isNir(word);
            case 8, 9 -> isNino(word) || isDni(word.replace("-", ""));
            default -> isCodiceFiscale(word);
        };
        if (found) {
            findings.take(start, to, Detector.NATIONAL_ID);
        }
        return found ? to : start;
    }

    /**
     * Ids of digits: the United States, Germany, Sweden, Brazil, Poland.
     *
     * @param digits   without separators
     * @param written  how many digits are in each group, and the separators: 3-2-4
     * @param start    where it stands in the text
     */
    static boolean isNumber(String digits, String written, String text, int start, Findings findings) {
        return switch (written) {
            case "3-2-4" -> isSsn(digits);
            case "3.3.3-2" -> isCpf(digits);
            case "6-4" -> isPersonnummer(digits);
            case "8-4" -> isBirthYear(digits) && isPersonnummer(digits.substring(2));
            case "9", "10", "11", "12", "2 3 3 3" -> isNamed(digits, text, start, findings.name());
            default -> false;
        };
    }

    /** Whether it is an id of the kind that the words before it, or the member's name, say. */
    private static boolean isNamed(String digits, String text, int start, String member) {
        return switch (digits.length()) {
            case 9 -> isSsn(digits) && isBehind(SSN_NAMES, text, start, member);
            case 10 -> isPersonnummer(digits) && isBehind(PERSONNUMMER_NAMES, text, start, member);
            case 12 -> isBirthYear(digits) && isPersonnummer(digits.substring(2)) && isBehind(PERSONNUMMER_NAMES, text, start, member);
            default -> isSteuerId(digits) && isBehind(STEUER_ID_NAMES, text, start, member) || isCpf(digits) && isBehind(List.of("cpf"), text, start, member)
                    || isPesel(digits) && isBehind(List.of("pesel"), text, start, member);
        };
    }

    private static boolean isBehind(List<String> names, String text, int start, String member) {
        String words = member + ' ' + text.substring(Math.max(0, start - NAME_WITHIN), start).toLowerCase(Locale.ROOT);
        for (String name : names) {
            if (words.contains(name)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isAllDigits(String number) {
        return number.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    private static boolean isSsn(String number) {
        int area = Integer.parseInt(number.substring(0, 3));
        return area != 0 && area != 666 && area < 900 && !number.startsWith("00", 3) && !number.endsWith("0000");
    }

    private static boolean isNino(String word) {
        return NINO.matches(word) && !NO_NINO.contains(word.substring(0, 2)) && (word.length() == 9 || word.length() == 13);
    }

    /** Spain: DNI, eight digits and a letter; NIE, for foreigners, X, Y or Z in place of the first. */
    private static boolean isDni(String word) {
        int foreigner = "XYZ".indexOf(word.charAt(0));
        String digits = (foreigner >= 0 ? foreigner : "") + word.substring(foreigner >= 0 ? 1 : 0, word.length() - 1);
        return digits.length() == 8 && isAllDigits(digits) && word.charAt(8) == DNI_LETTERS.charAt(Integer.parseInt(digits) % 23);
    }

    private static boolean isCodiceFiscale(String word) {
        if (!CODICE_FISCALE.matches(word)) {
            return false;
        }
        int sum = 0;
        for (int i = 0; i < 15; i++) {
            int value = isDigit(word, i) ? word.charAt(i) - '0' : word.charAt(i) - 'A';
            sum += i % 2 == 0 ? ODD[value] : value;
        }
        return word.charAt(15) == 'A' + sum % 26;
    }

    private static boolean isNir(String digits) {
        int month = Integer.parseInt(digits.substring(3, 5));
        boolean plausible = (digits.charAt(0) == '1' || digits.charAt(0) == '2') && (month >= 1 && month <= 12 || month >= 20 && month <= 42 || month >= 50);
        return plausible && 97 - Long.parseLong(digits.substring(0, 13).replace("2A", "19").replace("2B", "18")) % 97 == Integer.parseInt(digits.substring(13));
    }

    /** Germany: of the first ten digits one comes two or three times; ISO 7064 MOD 11,10. */
    private static boolean isSteuerId(String digits) {
        int[] times = new int[10];
        int product = 10;
        for (int i = 0; i < 10; i++) {
            int digit = digits.charAt(i) - '0';
            times[digit]++;
            int sum = (digit + product) % 10;
            product = (sum == 0 ? 10 : sum) * 2 % 11;
        }
        long missing = Arrays.stream(times).filter(n -> n == 0).count();
        return digits.charAt(0) != '0' && (missing == 1 || missing == 2) && (11 - product) % 10 == digits.charAt(10) - '0';
    }

    /** 20261124-0017 is the order of a day: who has an account is not that young. */
    private static boolean isBirthYear(String digits) {
        int year = Integer.parseInt(digits.substring(0, 4));
        return year >= 1900 && year <= Year.now().getValue() - YOUNGEST;
    }

    private static boolean isPersonnummer(String digits) {
        int day = Integer.parseInt(digits.substring(4, 6));
        return isDate(Integer.parseInt(digits.substring(2, 4)), day > 60 ? day - 60 : day) && LuhnCheckDigit.LUHN_CHECK_DIGIT.isValid(digits);
    }

    private static boolean isPesel(String digits) {
        int sum = 0;
        for (int i = 0; i < 11; i++) {
            sum += (digits.charAt(i) - '0') * new int[] {1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1}[i];
        }
        return sum % 10 == 0 && isDate(Integer.parseInt(digits.substring(2, 4)) % 20, Integer.parseInt(digits.substring(4, 6)));
    }

    private static boolean isCpf(String digits) {
        return digits.chars().distinct().count() > 1 && cpfCheck(digits, 9) == digits.charAt(9) - '0' && cpfCheck(digits, 10) == digits.charAt(10) - '0';
    }

    private static int cpfCheck(String digits, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            sum += (digits.charAt(i) - '0') * (length + 1 - i);
        }
        return sum * 10 % 11 % 10;
    }

    private static boolean isDate(int month, int day) {
        return month >= 1 && month <= 12 && day >= 1 && day <= Month.of(month).maxLength();
    }
}
