package io.insightsrelay;

import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.boot.web.error.ErrorAttributeOptions;
import org.springframework.boot.web.servlet.error.DefaultErrorAttributes;
import org.springframework.http.HttpStatus;
import org.springframework.web.context.request.WebRequest;

/** Errors of the program's management port: the same shape as on the ingest port, and nothing of the inside. */
class ManagementErrors extends DefaultErrorAttributes {

    @Override
    public Map<String, Object> getErrorAttributes(WebRequest request, ErrorAttributeOptions options) {
        Map<String, Object> known = super.getErrorAttributes(request, options.including(ErrorAttributeOptions.Include.MESSAGE));
        int status = (int) known.get("status");
        HttpStatus resolved = HttpStatus.resolve(status);
        String name = resolved == null ? "Error" : resolved.getReasonPhrase().replace(" ", "") + "Error";
        Object message = status >= 500 ? "The relay failed to handle the request; its log says why" : known.get("message");
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("error", Map.of("name", name, "message", message == null ? name : message));
        answer.put("status", status);
        return answer;
    }
}
