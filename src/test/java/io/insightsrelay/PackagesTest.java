package io.insightsrelay;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.stereotype.Component;

/** The house rules that a compiler does not check. */
class PackagesTest {

    private static final JavaClasses CLASSES = new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("io.insightsrelay");

    @Test
    void everyPackageSaysWhatLivesThere() throws IOException {
        try (Stream<Path> folders = Files.walk(Path.of("src/main/java/io"))) {
            List<Path> silent = folders.filter(Files::isDirectory).filter(PackagesTest::holdsClasses)
                    .filter(folder -> Files.notExists(folder.resolve("package-info.java"))).toList();
            assertThat(silent).isEmpty();
        }
    }

    private static boolean holdsClasses(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.anyMatch(file -> file.toString().endsWith(".java"));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Nothing looks for components: what is not imported is there neither in the program nor in an application that has the relay as a dependency. */
    @Test
    void everyConfigurationIsPartOfTheBundle() {
        List<String> imported = Stream.of(InsightsRelayAutoConfiguration.class.getAnnotation(Import.class).value()).map(Class::getName).toList();
        assertThat(CLASSES.stream().filter(type -> type.isAnnotatedWith(Configuration.class)).map(JavaClass::getName)).isSubsetOf(imported);
        ArchRuleDefinition.noClasses().should().beAnnotatedWith(Component.class).check(CLASSES);
    }

    @Test
    void whatRoutesPassOnKnowsNothingOfThem() {
        ArchRuleDefinition.noClasses().that().resideInAPackage("..event..").should().dependOnClassesThat()
                .resideInAnyPackage("org.apache.camel..", "..spool..", "..catalog..", "..ingest..", "..deliver..").check(CLASSES);
        ArchRuleDefinition.noClasses().that().resideInAPackage("..spool..").should().dependOnClassesThat()
                .resideInAnyPackage("..event..", "..deliver..", "..ingest..", "..catalog..").check(CLASSES);
        ArchRuleDefinition.noClasses().that().resideInAnyPackage("..redact..", "..auth..").should().dependOnClassesThat()
                .resideInAnyPackage("..spool..", "..deliver..", "..ingest..", "..catalog..").check(CLASSES);
    }

    @Test
    void featuresDoNotDependOnEachOtherInCircles() {
        slices().matching("io.insightsrelay.(*)..").should().beFreeOfCycles().check(CLASSES);
    }
}
