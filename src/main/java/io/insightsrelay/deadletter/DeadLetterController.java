package io.insightsrelay.deadletter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import io.insightsrelay.deadletter.DeadLetterStore.Selection;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.http.HttpStatus;
import org.springframework.lang.Nullable;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** {@code /management/dead-letters}: list, show, replay and delete. {@code ?destination=} narrows each of them. */
@RestController
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnProperty("management.relay.enabled")
@RequestMapping("/management/dead-letters")
class DeadLetterController {

    private static final int MOST_LISTED = 1_000;
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String MAX = "2147483647";

    private final DeadLetterStore store;

    DeadLetterController(DeadLetterStore store) {
        this.store = store;
    }

    @GetMapping
    Map<String, Object> list(@RequestParam @Nullable String destination, @RequestParam @Nullable String after,
                             @RequestParam(defaultValue = "100") int limit) {
        if (limit < 1 || limit > MOST_LISTED) {
            throw new ResponseStatusException(HttpStatus.BAD_REQUEST, "limit is " + limit + "; allowed are 1 to " + MOST_LISTED);
        }
        Selection selection = new Selection(null, destination);
        List<DeadLetterStore.Listed> letters = store.list(selection, after, limit);
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("total", store.count(selection));
        answer.put("replaying", store.countReplaying());
        answer.put("deadLetters", letters.stream().map(this::summary).toList());
        if (letters.size() == limit) {
            answer.put("after", letters.get(letters.size() - 1).letter().id());
        }
        return answer;
    }

    @GetMapping("/{id}")
    Map<String, Object> show(@PathVariable String id, @RequestParam @Nullable String destination) {
        DeadLetterStore.Listed listed = store.find(new Selection(id, destination)).orElseThrow(() -> notFound(id));
        Map<String, Object> shown = summary(listed);
        shown.put("envelope", json(listed.letter().envelope()));
        return shown;
    }

    @PostMapping("/{id}/replay")
    @ResponseStatus(HttpStatus.ACCEPTED)
    Map<String, Object> replay(@PathVariable String id, @RequestParam @Nullable String destination) {
        Selection selection = new Selection(id, destination);
        store.find(selection).orElseThrow(() -> notFound(id));
        return Map.of("replaying", store.requestReplay(selection, Integer.MAX_VALUE));
    }

    /** {@code limit} lets a caller take a large number in steps. */
    @PostMapping("/replay")
    @ResponseStatus(HttpStatus.ACCEPTED)
    Map<String, Object> replayAll(@RequestParam @Nullable String destination, @RequestParam(defaultValue = MAX) int limit) {
        return Map.of("replaying", store.requestReplay(new Selection(null, destination), atLeastOne(limit)));
    }

    /** Withdraws what has not gone out yet. */
    @DeleteMapping("/replay")
    Map<String, Object> withdraw(@RequestParam @Nullable String destination) {
        return Map.of("withdrawn", store.withdrawReplay(new Selection(null, destination)));
    }

    @DeleteMapping("/{id}")
    Map<String, Object> delete(@PathVariable String id, @RequestParam @Nullable String destination) {
        return Map.of("deleted", found(id, store.delete(new Selection(id, destination), Integer.MAX_VALUE)));
    }

    @DeleteMapping
    Map<String, Object> deleteAll(@RequestParam @Nullable String destination, @RequestParam(defaultValue = "false") boolean all,
                                  @RequestParam(defaultValue = MAX) int limit) {
        if (destination == null && !all) {
            throw new ResponseStatusException(HttpStatus.BAD_REQUEST, "say which: ?destination=<name>, or ?all=true for every dead letter");
        }
        return Map.of("deleted", store.delete(new Selection(null, destination), atLeastOne(limit)));
    }

    private static int atLeastOne(int limit) {
        if (limit < 1) {
            throw new ResponseStatusException(HttpStatus.BAD_REQUEST, "limit is " + limit + "; it has to be at least 1");
        }
        return limit;
    }

    private static int found(String id, int count) {
        if (count == 0) {
            throw notFound(id);
        }
        return count;
    }

    private static ResponseStatusException notFound(String id) {
        return new ResponseStatusException(HttpStatus.NOT_FOUND, "there is no dead letter of event " + id);
    }

    private Map<String, Object> summary(DeadLetterStore.Listed listed) {
        DeadLetter letter = listed.letter();
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("id", letter.id());
        summary.put("destination", letter.destination());
        summary.put("reason", letter.reason());
        summary.put("status", letter.status());
        summary.put("attempts", letter.attempts());
        summary.put("received", letter.received().toString());
        summary.put("died", letter.died().toString());
        summary.put("replayRequested", listed.replayRequested());
        return summary;
    }

    private JsonNode json(byte[] envelope) {
        try {
            return MAPPER.readTree(envelope);
        } catch (IOException e) {
            return TextNode.valueOf(new String(envelope, StandardCharsets.UTF_8));
        }
    }
}
