package io.insightsrelay.config;

import jakarta.validation.Validation;
import org.springframework.validation.Errors;
import org.springframework.validation.Validator;
import org.springframework.validation.beanvalidation.SpringValidatorAdapter;

/**
 * A section of application.yaml whose Bean Validation constraints are checked when it is bound: Spring Boot asks what it binds to check itself.
 * With its {@code @Validated} instead, each section would make the whole machinery of Bean Validation anew, at every start. Thread-safe.
 */
public interface SettingsSection extends Validator {

    /** What knows the constraints of all sections. */
    Validator CONSTRAINTS = new SpringValidatorAdapter(Validation.byDefaultProvider().configure().ignoreXmlConfiguration().buildValidatorFactory().getValidator());

    @Override
    default boolean supports(Class<?> type) {
        return type == getClass();
    }

    @Override
    default void validate(Object section, Errors errors) {
        CONSTRAINTS.validate(section, errors);
    }
}
