package io.insightsrelay.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.ConfigurationCondition;
import org.springframework.core.annotation.AliasFor;
import org.springframework.core.type.AnnotatedTypeMetadata;
import org.springframework.core.type.MethodMetadata;
import org.springframework.util.ClassUtils;

/**
 * A bean that routes, or health, refer to by the name of its method. Where the application that the relay is part of has a bean
 * of that name and type, that one is used instead; one of the same name and another type stops the start, for the routes could not run with it.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Bean
@Conditional(ReplaceableBean.UnlessReplaced.class)
public @interface ReplaceableBean {

    /** As {@link Bean#autowireCandidate()}: false for what the application must not get where it asks for the type. */
    @AliasFor(annotation = Bean.class)
    boolean autowireCandidate() default true;

    /** As {@link Bean#destroyMethod()}. */
    @AliasFor(annotation = Bean.class)
    String destroyMethod() default "(inferred)";

    /** Asked once the beans of the application are known, because those of an auto-configuration come last. */
    final class UnlessReplaced implements ConfigurationCondition {

        @Override
        public ConfigurationPhase getConfigurationPhase() {
            return ConfigurationPhase.REGISTER_BEAN;
        }

        @Override
        public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
            MethodMetadata method = (MethodMetadata) metadata;
            String name = method.getMethodName();
            ConfigurableListableBeanFactory beans = context.getBeanFactory();
            if (beans == null || !beans.containsBean(name)) {
                return true;
            }
            Class<?> needed = ClassUtils.resolveClassName(method.getReturnTypeName(), context.getClassLoader());
            if (!beans.isTypeMatch(name, needed)) {
                throw new IllegalStateException("The application has a bean " + name + " of the type " + beans.getType(name) + ". Insights Relay's routes refer to a bean "
                        + "of that name, which has to be a " + needed.getName() + "; give yours another name");
            }
            return false;
        }
    }
}
