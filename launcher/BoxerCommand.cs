using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using BoxerMpi.Aws;
using BoxerMpi.Launcher.Bench;
using BoxerMpi.Launcher.Calibration;
using BoxerMpi.Launcher.Commands;
using BoxerMpi.Launcher.Lambda;
using BoxerMpi.Launcher.NatLab;
using BoxerMpi.Launcher.Options;
using BoxerMpi.Launcher.Topologies;
using BoxerMpi.Launching;
using BoxerMpi.Launching.Programs;
using BoxerMpi.NatLab;
using BoxerMpi.Processes;
using BoxerMpi.Transport;

namespace BoxerMpi.Launcher;

/// <summary>The <c>boxer</c> command: its subcommands, and what becomes of bad input.</summary>
internal static class BoxerCommand
{
    private const int UsageError = 2;
    private const int LaunchError = 1;

    public static int Run(string[] given)
    {
        DescriptorLimit.Raise();
        string[] arguments = OwnProcess.Arguments(given);
        RootCommand root = new("Runs SPMD programs as ranks: on this machine, or joined from anywhere.")
        {
            new RunCommand(),
            new SeedCommand(),
            new RankJoinCommand(),
            new MembersCommand(),
            new LambdaCommand(),
            new NatLabCommand(),
            new BenchCommand(),
            new BenchRankCommand(),
            new RelayCommand(),
            new TopologyCommand(),
            new CalibrateCommand(),
            new CalibrateRankCommand(),
        };
        foreach (Command command in root.Subcommands.Concat(root.Subcommands.SelectMany(command => command.Subcommands)))
            command.TreatUnmatchedTokensAsErrors = true;

        string[] own = arguments;
        (Command addressed, int depth) = CommandTail.Find(root, arguments);
        if (addressed is ProgramCommand program)
        {
            (string[] head, program.Program) = CommandTail.Split(program, arguments[depth..]);
            program.IsMarked = head.Length + program.Program.Length < arguments.Length - depth;
            own = [.. arguments[..depth], .. head];
        }

        // Nothing of ours starts with @, and a program's @file is the program's.
        ParseResult parsed = root.Parse(own, new ParserConfiguration { ResponseFileTokenReplacer = null });
        try
        {
            RequireText(own);

            // Help, or the version, is no answer to what boxer does not know: a script that asks for it must notice.
            if (parsed.UnmatchedTokens.Count > 0 || (parsed.Errors.Count > 0 && parsed.Action is not (HelpAction or null)))
                throw Misused(parsed);
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (UsageException wrong)
        {
            Console.Error.WriteLine(SystemText.Show($"boxer: {wrong.Message}\n       {wrong.Hint}"));
            return UsageError;
        }
        catch (LabException failure)
        {
            Console.Error.WriteLine($"boxer: {failure.Message}\n       {failure.Hint}");
            return UsageError;
        }
        catch (InterruptedException failure)
        {
            Console.Error.WriteLine($"boxer: {failure.Message}");
            return failure.ExitCode;
        }
        catch (RendezvousException failure) when (IsUsage(failure.Reason))
        {
            Console.Error.WriteLine($"boxer: {failure.Message}");
            return UsageError;
        }
        catch (BuildException failure)
        {
            if (failure.Output.Length > 0)
                Console.Error.WriteLine(failure.Output);
            Console.Error.WriteLine($"boxer: {failure.Message}");
            return LaunchError;
        }
        catch (Exception failure) when (failure is LaunchException or MpiException or LambdaException or S3Exception)
        {
            Console.Error.WriteLine($"boxer: {failure.Message}");
            return LaunchError;
        }
    }

    /// <summary>Names and values of boxer's own are text; what is only passed on need not be.</summary>
    private static void RequireText(string[] own)
    {
        for (int i = 0; i < own.Length; i++)
        {
            bool isPassedOn = own[i].StartsWith("-x", StringComparison.Ordinal) || own[i].StartsWith("--wdir=", StringComparison.Ordinal)
                || (i > 0 && own[i - 1] is "-x" or "--wdir");
            if (!isPassedOn && !SystemText.IsWhole(own[i]))
                throw new UsageException(
                    $"'{own[i]}' has bytes that are no UTF-8", "only PROGRAM, its arguments, -x and --wdir may have such bytes");
        }
    }

    private static UsageException Misused(ParseResult parsed)
    {
        string command = FullName(parsed.CommandResult);
        if (parsed.UnmatchedTokens is [{ } token, ..])
        {
            string kind = token.StartsWith('-') ? "option" : parsed.CommandResult.Command.Subcommands.Count > 0 ? "command" : "argument";
            return new UsageException(
                $"unknown {kind} '{token}'" + (Nearest(token, parsed.CommandResult.Command) is { } near ? $"; did you mean {near}?" : ""),
                $"{command} --help lists what there is" + (kind == "option" && parsed.CommandResult.Command is ProgramCommand ? "; options of the program go behind PROGRAM" : ""));
        }

        if (parsed.CommandResult.Command is RootCommand)
            return new UsageException(
                "a command is missing: what is to be done?",
                "boxer run -n 4 examples/Hello runs a program; boxer --help lists all commands");
        if (parsed.CommandResult.Command.Subcommands.Count > 0)
            return new UsageException($"{command} is not complete: what is to be done?", $"{command} --help lists its commands");
        return new UsageException(parsed.Errors[0].Message.TrimEnd('.'), $"{command} --help lists what there is");
    }

    private static string FullName(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{FullName(parent)} {result.Command.Name}" : "boxer";

    /// <summary>The option or command that shares the longest beginning or differs least, if one is close.</summary>
    private static string? Nearest(string token, Command command)
    {
        IEnumerable<string> names = token.StartsWith('-')
            ? command.Options.Select(option => option.Name)
            : command.Subcommands.Select(sub => sub.Name);
        return NearestOf(token, names) ?? NearestBelow(token, command);
    }

    /// <summary>A command of a command, as people know it: <c>natlab exec</c>.</summary>
    private static string? NearestBelow(string token, Command command) =>
        token.StartsWith('-')
            ? null
            : command.Subcommands
                .Select(sub => (sub.Name, Near: NearestOf(token, sub.Subcommands.Select(below => below.Name))))
                .Where(found => found.Near is not null)
                .Select(found => $"{found.Name} {found.Near}")
                .FirstOrDefault();

    private static string? NearestOf(string token, IEnumerable<string> names) =>
        names
            .Select(name => (Name: name, Distance: Distance(name, token)))
            .Where(candidate => candidate.Distance <= Math.Max(1, token.TrimStart('-').Length / 3))
            .OrderBy(candidate => candidate.Distance)
            .Select(candidate => candidate.Name)
            .FirstOrDefault();

    /// <summary>Edits between two words, where two letters in the wrong order are one (optimal string alignment).</summary>
    private static int Distance(string a, string b)
    {
        int[] before = [], last = [], row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            (before, last, row) = (last, row, new int[b.Length + 1]);
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                row[j] = Math.Min(Math.Min(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
            }
        }

        return row[b.Length];
    }

    /// <summary>What the command line can put right, as opposed to what went wrong on the way.</summary>
    private static bool IsUsage(RendezvousFailure reason) =>
        reason is not (RendezvousFailure.ConnectionLost or RendezvousFailure.GateTimeout or RendezvousFailure.OutOfDescriptors);
}
