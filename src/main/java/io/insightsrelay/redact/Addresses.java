package io.insightsrelay.redact;

import static io.insightsrelay.redact.Findings.is;
import static io.insightsrelay.redact.Findings.isDigit;
import static io.insightsrelay.redact.Findings.isLetter;
import static io.insightsrelay.redact.Findings.isWord;

import io.insightsrelay.redact.RedactProperties.Detector;
import java.util.List;
import java.util.Locale;
import org.apache.commons.validator.routines.InetAddressValidator;

/** Finds e-mail addresses and IP addresses, v4 and v6, and tells them from versions, times and names of code. Thread-safe. */
final class Addresses {

    private static final InetAddressValidator VALIDATOR = InetAddressValidator.getInstance();
    private static final List<String> VERSION_WORDS = List.of("version", "release", "build", "ver", "ver.", "rv:", "v");
    private static final int LONGEST_LOCAL_PART = 64;
    private static final int LONGEST_DOMAIN = 255;
    private static final int LONGEST_IPV6 = 45;

    private Addresses() {
    }

    static void findEmails(Findings findings) {
        String text = findings.text();
        int taken = 0;
        for (int at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
            int start = localPart(text, at, taken);
            int end = domain(text, at + 1);
            // git@github.com:owner/repository is an address of a repository
            boolean repository = text.startsWith("git@", start) && (is(text, end, ':') || is(text, end, '/'));
            if (start < at && end > at && !repository) {
                findings.take(start, end, Detector.EMAIL);
                taken = end;
            }
        }
    }

    private static int localPart(String text, int at, int least) {
        int start = at;
        while (start > least && at - start < LONGEST_LOCAL_PART && (Character.isLetterOrDigit(text.charAt(start - 1)) || "._%+'-".indexOf(text.charAt(start - 1)) >= 0)) {
            start--;
        }
        while (start < at && "'.-%+".indexOf(text.charAt(start)) >= 0) {
            start++;
        }
        return start;
    }

    /** The end of a domain whose last label consists of letters; -1 where there is none. */
    private static int domain(String text, int start) {
        int end = -1;
        int label = start;
        boolean letters = true;
        int most = Math.min(text.length(), start + LONGEST_DOMAIN);
        for (int i = start; i <= most; i++) {
            char c = i < most ? text.charAt(i) : ' ';
            if (Character.isLetterOrDigit(c) || c == '-' || Character.getType(c) == Character.NON_SPACING_MARK) {
                letters &= Character.isLetter(c);
                continue;
            }
            if (i == label) {
                break;
            }
            end = label > start && letters && i - label >= 2 ? i : label > start ? end : -1;
            if (c != '.') {
                break;
            }
            label = i + 1;
            letters = true;
        }
        return end;
    }

    static void findIpv4(Findings findings) {
        String text = findings.text();
        if (findings.name().endsWith("version")) {
            return;
        }
        for (int i = 0; i < text.length(); i++) {
            if (!isDigit(text, i)) {
                continue;
            }
            int end = i;
            int dots = 0;
            while (isDigit(text, end) || is(text, end, '.') && isDigit(text, end + 1)) {
                dots += text.charAt(end++) == '.' ? 1 : 0;
            }
            if (dots == 3 && end - i <= 15 && !isWord(text, i - 1) && !isWord(text, end) && !is(text, i - 1, '.') && !isVersion(text, i, end)
                    && VALIDATOR.isValidInet4Address(text.substring(i, end))) {
                findings.take(i, end, Detector.IP);
            }
            i = end;
        }
    }

    private static boolean isVersion(String text, int start, int end) {
        if ((is(text, end, '-') || is(text, end, '+')) && isLetter(text, end + 1)) {
            return true;
        }
        if (start == 0) {
            return false;
        }
        char before = text.charAt(start - 1);
        if (before == '^' || before == '~' || before == '@' || before == '=' && is(text, start - 2, '=')) {
            return true;
        }
        if (before == '/' && isLetter(text, start - 2)) {
            // Chrome/120.0.0.0 and Safari/604.1.38.2, but not https://host.example/10.0.0.1 or /hosts/10.0.0.1
            int word = start - 2;
            while (isLetter(text, word)) {
                word--;
            }
            return text.substring(start, end).endsWith(".0.0.0") || !is(text, word, '/') && !is(text, word, '.') && !is(text, word, '-');
        }
        String words = text.substring(Math.max(0, start - 12), start).toLowerCase(Locale.ROOT).stripTrailing();
        for (String word : VERSION_WORDS) {
            if (words.endsWith(word) && !isLetter(words, words.length() - word.length() - 1)) {
                return true;
            }
        }
        return false;
    }

    static void findIpv6(Findings findings) {
        String text = findings.text();
        for (int i = 0; i < text.length(); i++) {
            int end = i;
            int colons = 0;
            while (end < text.length() && (Character.digit(text.charAt(end), 16) >= 0 && text.charAt(end) < 128 || text.charAt(end) == ':' || text.charAt(end) == '.')) {
                colons += text.charAt(end++) == ':' ? 1 : 0;
            }
            if (colons >= 2) {
                takeIpv6(findings, text, i, end);
            }
            i = end;
        }
    }

    private static void takeIpv6(Findings findings, String text, int from, int to) {
        int start = from;
        int end = to;
        if (is(text, start, ':') && !is(text, start + 1, ':')) {
            start++;
        } else if (isWord(text, start - 1)) {
            return;
        }
        while (end > start && (text.charAt(end - 1) == '.' || text.charAt(end - 1) == ':' && !is(text, end - 2, ':'))) {
            end--;
        }
        if (end - start <= LONGEST_IPV6 && !isWord(text, end) && isLikeAnAddress(text, start, end) && VALIDATOR.isValidInet6Address(text.substring(start, end))) {
            findings.take(start, end, Detector.IP);
        }
    }

    /** {@code a::b} and {@code 1::2} are code; an address has a digit, and a group of three or at least four groups. */
    private static boolean isLikeAnAddress(String text, int start, int end) {
        boolean digit = false;
        int longest = 0;
        int groups = 0;
        int length = 0;
        for (int i = start; i < end; i++) {
            boolean separator = text.charAt(i) == ':' || text.charAt(i) == '.';
            digit |= isDigit(text, i);
            length = separator ? 0 : length + 1;
            groups += length == 1 ? 1 : 0;
            longest = Math.max(longest, length);
        }
        return digit && (longest >= 3 || groups >= 4);
    }
}
