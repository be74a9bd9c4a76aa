package dev.glimpse.app;

import dev.glimpse.io.AtomicFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The command line. Exit status: 0 done, 1 the work failed or a check did not hold, 2 the call was wrong. */
@Command(name = "glimpse", mixinStandardHelpOptions = true, versionProvider = Main.Version.class,
        description = "Visual attention for convolutional networks.", scope = ScopeType.LOCAL,
        synopsisSubcommandLabel = "COMMAND", subcommands = {
            DemoCommand.class, TrainCommand.class, SweepCommand.class, ReportCommand.class, CompareCommand.class,
            EvalCommand.class, PredictCommand.class,
            ExplainCommand.class,
            VerifyCommand.class, ConvertCommand.class, ProfileCommand.class, BenchCommand.class, ListCommand.class,
            SaliencyCommand.class, GlimpsesCommand.class, TranslateCommand.class, CaptionCommand.class,
            DoctorCommand.class})
public final class Main implements Runnable {
    /** The work failed, or a check did not hold. */
    static final int FAILED = 1;
    /** The call was wrong. */
    static final int WRONG_CALL = 2;

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Show stack traces.")
    private boolean debug;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    Main() {}

    public static void main(String[] args) {
        System.exit(run(args));
    }

    /** Runs a command and returns its exit status. */
    static int run(String... args) {
        Main main = new Main();
        CommandLine line = new CommandLine(main).setCaseInsensitiveEnumValuesAllowed(true).setUsageHelpWidth(100)
                .setUsageHelpAutoWidth(true);
        line.registerConverter(Path.class, text -> {
            if (text.isBlank()) {
                throw new CommandLine.TypeConversionException("it is empty; name a file or a folder");
            }
            return Path.of(text);
        });
        line.setParameterExceptionHandler((e, _) -> {
            say(e.getCommandLine().getErr(), callError(e));
            return WRONG_CALL;
        });
        line.setExecutionExceptionHandler((e, command, _) -> {
            if (main.debug) {
                e.printStackTrace(command.getErr());
            }
            say(command.getErr(), oneLine(e));
            return e instanceof IllegalArgumentException ? WRONG_CALL : FAILED;
        });
        try {
            return line.execute(args);
        } catch (Throwable e) { // errors, such as a lack of memory, which picocli lets pass
            if (main.debug) {
                e.printStackTrace(line.getErr());
            }
            say(line.getErr(),
                    oneLine(e instanceof CommandLine.ExecutionException && e.getCause() != null ? e.getCause() : e));
            return FAILED;
        }
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    private static String callError(CommandLine.ParameterException e) {
        CommandLine line = e.getCommandLine();
        String called = line.getCommandSpec().qualifiedName();
        if (e instanceof CommandLine.UnmatchedArgumentException unmatched && !line.getSubcommands().isEmpty()
                && !unmatched.getUnmatched().getFirst().startsWith("-")) {
            return "no command is called '" + unmatched.getUnmatched().getFirst() + "'; known: "
                    + String.join(", ", line.getSubcommands().keySet());
        }
        return e.getMessage().lines().findFirst().orElseThrow().replaceFirst("^Error: ", "") + "; see " + called
                + " --help";
    }

    private static void say(PrintWriter err, String message) {
        err.println("glimpse: " + message);
        err.flush();
    }

    /** An error in one line; libtorch's messages have a C++ stack behind their first. */
    static String oneLine(Throwable e) {
        String message = e instanceof FileSystemException fault ? fault.getFile() + ": " + AtomicFiles.reason(fault)
                : e.getMessage();
        if (message == null || message.isBlank()) {
            return e.getClass().getSimpleName() + " (--debug shows where)";
        }
        String first = message.lines().findFirst().orElseThrow();
        boolean ours = e instanceof IllegalArgumentException || e instanceof IOException
                || e instanceof UncheckedIOException || e instanceof ArithmeticException;
        return ours ? first : first + " (" + e.getClass().getSimpleName() + "; --debug shows where)";
    }

    /** What {@code --version} prints. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[]{"glimpse " + (version == null ? "(not packaged)" : version)};
        }
    }
}
