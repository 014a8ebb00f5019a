package io.insightsrelay.redact;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.insightsrelay.event.Event;
import io.insightsrelay.event.Event.Endpoint;
import io.insightsrelay.redact.RedactProperties.Hash;
import io.insightsrelay.redact.RedactProperties.Sent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What becomes of the shapes that public analytics clients of Backstage send. */
class SentRedactorTest {

    private static final ObjectMapper MAPPER = new ObjectMapper();
    // printf 'user:default/jane' | openssl dgst -sha256 -hmac pepper, and printf 'user:default/janepepper' | sha256sum
    private static final String JANE_HMAC = "f0f057336a21866b517e70edfecf5960df686cc04223b5c291ddf2b3a67caf91";
    private static final String JANE_SHA256 = "7d5ce46f9bb9d9b24eed056461d7250779e6dba721ebe7fcf44dfe0177da440e";

    private static Redactor redactor(Hash hash, String salt, Set<Endpoint> interfaces, List<String> allow) {
        RedactProperties shipped = Shipped.properties();
        Sent sent = shipped.sent();
        return new Redactor(new RedactProperties(true, shipped.replacement(), shipped.detectors(), shipped.regions(), shipped.keys(), shipped.patterns(), allow,
                new Sent(interfaces, sent.remove(), sent.removeUserEntities(), sent.users(), hash, salt)));
    }

    private static final Redactor AS_SHIPPED = redactor(Hash.HMAC_SHA256, "pepper", Shipped.properties().sent().interfaces(), List.of());

    private static Event event(String kindAndEndpoint, String json) {
        return Event.fromEnvelope(("{\"id\":\"1\",\"received\":\"2026-01-01T00:00:00.000Z\"," + kindAndEndpoint + ",\"event\":" + json.replace('\'', '"') + "}")
                .getBytes(StandardCharsets.UTF_8));
    }

    private static Event fromOthers(String json) {
        return event("\"kind\":\"app\",\"endpoint\":\"events\"", json);
    }

    private static String redacted(Redactor redactor, Event event) {
        redactor.redact(event);
        return new String(event.outgoing(), StandardCharsets.UTF_8).replace('"', '\'');
    }

    @Test
    void anEnvelopeWithTheUsersEntityLosesItAndHasTheUserHashed() {
        assertThat(redacted(AS_SHIPPED, fromOthers("""
                {'event':{'action':'navigate','subject':'/catalog','attributes':{},'context':{'pluginId':'catalog'}},'timestamp':'2026-01-01T10:00:00Z',\
                'user':'user:default/jane','teamMetadata':{'kind':'User','metadata':{'name':'jane'},'spec':{'profile':{'email':'jane@example.com'}}},'sessionId':'4f1c'}""")))
                .isEqualTo("{'event':{'action':'navigate','subject':'/catalog','attributes':{},'context':{'pluginId':'catalog'}},'timestamp':'2026-01-01T10:00:00Z',"
                        + "'user':'" + JANE_HMAC + "','sessionId':'4f1c'}");
    }

    @Test
    void userIdAndNameOfAContextAreHashedAndRemoved() {
        assertThat(redacted(AS_SHIPPED, fromOthers("""
                {'action':'click','subject':'x','context':{'pluginId':'home','userName':'Jane Doe','userId':'user:default/jane','timestamp':'2026-01-01T10:00:00Z'}}""")))
                .isEqualTo("{'action':'click','subject':'x','context':{'pluginId':'home','userId':'" + JANE_HMAC + "','timestamp':'2026-01-01T10:00:00Z'}}");
    }

    @Test
    void anEntityOfAUserIsRemovedWhateverItsNameAndInLists() {
        assertThat(redacted(AS_SHIPPED, fromOthers("""
                {'a':{'b':[{'kind':'User','metadata':{'name':'jane'}},{'kind':'Component','metadata':{'name':'c'}}]},'user':{'entity':'x'}}""")))
                .isEqualTo("{'a':{'b':[{'kind':'Component','metadata':{'name':'c'}}]}}");
    }

    @Test
    void refsOfUsersAreHashedWhereverTheyAre() {
        assertThat(redacted(AS_SHIPPED, fromOthers("""
                {'subject':'/x?owner=user%3Adefault%2Fjane&y=1','attributes':{'to':'see user:default/jane.','owner':'user:default/jane'},'context':{'entityRef':'user:default/jane'}}""")))
                .isEqualTo("{'subject':'/x?owner=" + JANE_HMAC + "&y=1','attributes':{'to':'see " + JANE_HMAC + ".','owner':'" + JANE_HMAC + "'},'context':{'entityRef':'"
                        + JANE_HMAC + "'}}");
    }

    @Test
    void textsNumbersAndNamesOfMembersAreCleaned() {
        assertThat(redacted(AS_SHIPPED, fromOthers("""
                {'subject':'/search?q=jane%40example.com','attributes':{'query':'call +1 415-555-2671','card':4111111111111111,'jane@example.com':true},'value':1.50}""")))
                .isEqualTo("{'subject':'/search?q=[redacted]','attributes':{'query':'call [redacted]','card':'[redacted]','[redacted]':true},'value':1.50}");
    }

    @Test
    void whatHoldsNothingPersonalGoesOutByteByByte() {
        String sent = "{'action' : 'navigate',  'subject':'/catalog/default/component/pay','value':1.0e2,'context':{'entityRef':'component:default/pay','x':null}}";
        assertThat(redacted(AS_SHIPPED, fromOthers(sent))).isEqualTo(sent);
    }

    @Test
    void eventsOfInsightsAreLeftAsTheyAreUnlessTheSettingsSaySo() {
        String agent = "{'action':'x','identity':'" + JANE_SHA256 + "','context':{'mail':'jane@example.com'}}";
        assertThat(redacted(AS_SHIPPED, event("\"kind\":\"agent\"", agent))).isEqualTo(agent);
        String app = "{'action':'x','context':{'mail':'jane@example.com'}}";
        assertThat(redacted(AS_SHIPPED, event("\"kind\":\"app\"", app))).isEqualTo(app);
        Redactor all = redactor(Hash.HMAC_SHA256, "pepper", Set.of(Endpoint.values()), List.of());
        assertThat(redacted(all, event("\"kind\":\"agent\"", agent))).isEqualTo(agent.replace("jane@example.com", "[redacted]"));
        assertThat(redacted(all, event("\"kind\":\"app\"", app))).isEqualTo(app.replace("jane@example.com", "[redacted]"));
        Redactor none = redactor(Hash.HMAC_SHA256, "pepper", Set.of(), List.of());
        assertThat(redacted(none, fromOthers(app))).isEqualTo(app);
    }

    @Test
    void theHashMayBeThatOfAgentEventsAndThereIsNoneWithoutASalt() {
        String sent = "{'user':'user:default/jane','context':{'entityRef':'user:default/jane'}}";
        assertThat(redacted(redactor(Hash.SHA256, "pepper", Set.of(Endpoint.EVENTS), List.of()), fromOthers(sent))).isEqualTo(sent.replace("user:default/jane", JANE_SHA256));
        assertThat(redacted(redactor(Hash.SHA256, "", Set.of(Endpoint.EVENTS), List.of()), fromOthers(sent))).isEqualTo(sent.replace("user:default/jane", "[redacted]"));
        assertThat(redacted(redactor(Hash.SHA256, "pepper", Set.of(Endpoint.EVENTS), List.of("context.entityRef")), fromOthers(sent)))
                .isEqualTo("{'user':'" + JANE_SHA256 + "','context':{'entityRef':'user:default/jane'}}");
    }

    @Test
    void aRetryKnowsWhereTheEventCameFrom() throws IOException {
        Event again = Event.fromEnvelope(fromOthers("{'user':'user:default/jane'}").envelopeAfter(new Event.Failure("2026-01-01T00:00:01Z", "spotify", "503", 503), 1));
        assertThat(again.endpoint()).isEqualTo(Endpoint.EVENTS);
        AS_SHIPPED.redact(again);
        JsonNode sent = MAPPER.readTree(again.outgoing());
        assertThat(sent.path("user").asText()).isEqualTo(JANE_HMAC);
    }

    @Test
    void theSaltIsNotPrinted() {
        assertThat(new Sent(Set.of(), List.of(), true, List.of(), Hash.SHA256, "pepper").toString()).doesNotContain("pepper");
    }

    @Test
    void whatIsReadAsAStreamGoesOutAsWhatIsReadAsATree() {
        for (String json : List.of("{}", "{'a':[1,2.5,1e3,null,true,'jane@example.com']}", "{'a':{'jane@example.com':1,'b':2},'c':'plain'}", "{'a':'x','b':{'c':'call 030 90182034'},'d':'y'}",
                "{'a':{'kind':'user','metadata':{'name':'jane'}},'b':1}", "{'a':{'kind':'User'}}", "{'kind':'user','metadata':{}}", "{'a':[{'kind':'USER','metadata':{}},{'kind':'Group','metadata':{}}]}",
                "{'context':{'userName':'Jane'},'a':1}", "{'a':4111111111111111}", "{'a':'of user:default/jane'}", "{'a':'user:default/jane','b':[['10.1.2.3']]}",
                "{'a':['ok',['jane@example.com']]}", "{'a':'" + "x".repeat(150) + " jane@example.com'}", "{'ok':{'deep':{'deeper':{'path':'/catalog/default/component/x'}}}}")) {
            Redactor redactor = redactor(Hash.HMAC_SHA256, "pepper", Shipped.properties().sent().interfaces(), List.of());
            Event tree = fromOthers(json);
            tree.body();
            assertThat(redacted(redactor, fromOthers(json))).as(json).isEqualTo(redacted(redactor, tree))
                    // and from what is remembered
                    .isEqualTo(redacted(redactor, fromOthers(json)));
        }
    }

    @Test
    void namesThatAreMadeUpAreForgottenAndNothingGetsThroughMeanwhile() {
        for (int i = 0; i < 25_000; i++) {
            String json = redacted(AS_SHIPPED, fromOthers("{'n" + i + "':{'userName':'Jane','a':'jane" + i + "@example.com'}}"));
            assertThat(json).isEqualTo("{'n" + i + "':{'a':'[redacted]'}}");
        }
    }
}
