package dev.glimpse.app;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Holds the list of docs/architecture.md: who may use whom. */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("dev.glimpse");

    @Test
    void packagesUseOnlyWhatTheyMay() {
        layeredArchitecture().consideringOnlyDependenciesInLayers().withOptionalLayers(true)
                .layer("nn").definedBy("dev.glimpse.nn..")
                .layer("kernel").definedBy("dev.glimpse.kernel..")
                .layer("attention").definedBy("dev.glimpse.attention..")
                .layer("model").definedBy("dev.glimpse.model..")
                .layer("io").definedBy("dev.glimpse.io..")
                .layer("sequence").definedBy("dev.glimpse.sequence..")
                .layer("glimpses").definedBy("dev.glimpse.glimpses..")
                .layer("golden").definedBy("dev.glimpse.golden..")
                .layer("data").definedBy("dev.glimpse.data..")
                .layer("train").definedBy("dev.glimpse.train..")
                .layer("explain").definedBy("dev.glimpse.explain..")
                .layer("saliency").definedBy("dev.glimpse.saliency..")
                .layer("system").definedBy("dev.glimpse.system..")
                .layer("app").definedBy("dev.glimpse.app..")
                .whereLayer("app").mayNotBeAccessedByAnyLayer()
                .whereLayer("golden").mayOnlyBeAccessedByLayers("app")
                .whereLayer("train").mayOnlyBeAccessedByLayers("app", "system")
                .whereLayer("explain").mayOnlyBeAccessedByLayers("app", "system")
                .whereLayer("saliency").mayOnlyBeAccessedByLayers("app")
                .whereLayer("system").mayOnlyBeAccessedByLayers("app")
                .whereLayer("nn").mayNotAccessAnyLayer()
                .whereLayer("kernel").mayOnlyAccessLayers("nn")
                .whereLayer("attention").mayOnlyAccessLayers("kernel", "nn")
                .whereLayer("model").mayOnlyAccessLayers("attention", "kernel", "nn")
                .whereLayer("io").mayOnlyAccessLayers("nn")
                .whereLayer("golden").mayOnlyAccessLayers("attention", "model", "sequence", "glimpses", "io", "nn")
                .whereLayer("sequence").mayOnlyAccessLayers("attention", "io", "nn")
                .whereLayer("glimpses").mayOnlyAccessLayers("attention", "model", "nn")
                .whereLayer("data").mayOnlyAccessLayers("io")
                .whereLayer("train").mayOnlyAccessLayers("model", "attention", "nn", "io", "data")
                .whereLayer("explain").mayOnlyAccessLayers("model", "attention", "nn", "io", "data")
                .whereLayer("saliency").mayOnlyAccessLayers("data")
                .check(CLASSES);
    }

    @Test
    void allModulesAreSeen() {
        assertThat(List.of("dev.glimpse.kernel.PairAttention", "dev.glimpse.attention.Cbam", "dev.glimpse.data.Loader",
                "dev.glimpse.app.Main"))
                .allMatch(CLASSES::contain);
    }

    @Test
    void packagesFormNoCycles() {
        slices().matching("dev.glimpse.(*)..").should().beFreeOfCycles().check(CLASSES);
    }
}
