package io.insightsrelay.deliver;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FormEncoderTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{\"a\":\"x\"}                            | a=x",
        "{\"a\":\"x y&z=1+2%\"}                   | a=x%20y%26z%3D1%2B2%25",
        "{\"a\":{\"b\":\"c\"}}                    | a%5Bb%5D=c",
        "{\"a\":[\"x\",\"y\"]}                    | a%5B0%5D=x&a%5B1%5D=y",
        "{\"a\":[{\"b\":[1]}]}                    | a%5B0%5D%5Bb%5D%5B0%5D=1",
        "{\"a\":null,\"b\":true,\"c\":1.5,\"d\":0} | a=&b=true&c=1.5&d=0",
        "{\"context\":{\"entity.spec.type\":\"service\"}} | context%5Bentity.spec.type%5D=service",
        "{\"a\":\"é€😀\"}                         | a=%C3%A9%E2%82%AC%F0%9F%98%80",
        "{\"a\":\"\\ud800x\"}                     | a=%EF%BF%BDx",
        "{\"a\":\"\"}                             | a=",
        "{\"a b\":{\"c]\":\"d\"}}                 | a%20b%5Bc%5D%5D=d",
    })
    void encodes(String json, String form) throws Exception {
        assertThat(new String(FormEncoder.encode(json.getBytes(StandardCharsets.UTF_8)), StandardCharsets.US_ASCII)).isEqualTo(form);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {"{}", "{\"a\":{},\"b\":[]}"})
    void emptyObjectsAndListsHaveNoForm(String json) throws Exception {
        assertThat(FormEncoder.encode(json.getBytes(StandardCharsets.UTF_8))).isEmpty();
    }
}
