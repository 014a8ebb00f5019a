package io.insightsrelay.redact;

/**
 * What one look at each character of a text tells.
 *
 * @param digits     how many there are
 * @param mostDigits how many there are at most in a row, signs between them as in phone numbers not counted
 * @param dots       how many there are
 * @param colons     how many there are
 * @param at         whether there is an at sign
 * @param encoded    whether there may be percent-encoding or an escape of JSON
 * @param plus       whether a plus may stand for a space, as in forms
 */
record Glance(int digits, int mostDigits, int dots, int colons, boolean at, boolean encoded, boolean plus) {

    private static final byte DIGIT = 1;
    private static final byte IN_NUMBERS = 2;
    private static final byte DOT = 3;
    private static final byte COLON = 4;
    private static final byte AT = 5;
    private static final byte ENCODED = 6;
    private static final byte PLUS = 7;
    private static final byte SPACE = 8;
    private static final byte[] KINDS = new byte[128];

    static {
        "0123456789".chars().forEach(c -> KINDS[c] = DIGIT);
        "-/()".chars().forEach(c -> KINDS[c] = IN_NUMBERS);
        " \t\n\r".chars().forEach(c -> KINDS[c] = SPACE);
        KINDS['.'] = DOT;
        KINDS[':'] = COLON;
        KINDS['@'] = AT;
        KINDS['%'] = ENCODED;
        KINDS['\\'] = ENCODED;
        KINDS['+'] = PLUS;
    }

    static Glance at(String text) {
        int digits = 0;
        int row = 0;
        int mostDigits = 0;
        int dots = 0;
        int colons = 0;
        boolean at = false;
        boolean encoded = false;
        boolean plus = false;
        boolean space = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            // signs beyond ASCII may stand between digits too
            switch (c < 128 ? KINDS[c] : IN_NUMBERS) {
                case DIGIT -> {
                    digits++;
                    mostDigits = Math.max(mostDigits, ++row);
                }
                case DOT -> dots++;
                case IN_NUMBERS -> { }
                case SPACE -> space = true;
                case PLUS -> plus = true;
                case COLON -> {
                    colons++;
                    row = 0;
                }
                case AT -> {
                    at = true;
                    row = 0;
                }
                case ENCODED -> {
                    encoded = true;
                    row = 0;
                }
                default -> row = 0;
            }
        }
        return new Glance(digits, mostDigits, dots, colons, at, encoded, plus && !space);
    }
}
