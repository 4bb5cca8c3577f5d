using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using BoxerMpi.Aws;
using BoxerMpi.Launcher.Bench;
using BoxerMpi.Launcher.Calibration;
using BoxerMpi.Launcher.Lambda;
using BoxerMpi.Launcher.NatLab;
using BoxerMpi.Launcher.NatLab.Commands;
using BoxerMpi.Launcher.NatLab.Relay;
using BoxerMpi.Launcher.Processes;
using BoxerMpi.Launcher.Programs;
using BoxerMpi.Launcher.Topologies;

namespace BoxerMpi.Launcher.Commands;

/// <summary>The <c>boxer</c> command: its subcommands, and what becomes of bad input.</summary>
internal static class BoxerCommand
{
    private const int UsageError = 2;
    private const int LaunchError = 1;

    public static int Run(string[] arguments)
    {
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
            own = [.. arguments[..depth], .. head];
        }

        // Nothing of ours starts with @, and a program's @file is the program's.
        ParseResult parsed = root.Parse(own, new ParserConfiguration { ResponseFileTokenReplacer = null });
        try
        {
            // Help, or the version, is no answer to what boxer does not know: a script that asks for it must notice.
            if (parsed.UnmatchedTokens.Count > 0 || (parsed.Errors.Count > 0 && parsed.Action is not (HelpAction or null)))
                throw Misused(parsed);
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (UsageException wrong)
        {
            Console.Error.WriteLine($"boxer: {wrong.Message}\n       {wrong.Hint}");
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
        return names
            .Select(name => (Name: name, Distance: Distance(name, token)))
            .Where(candidate => candidate.Distance <= Math.Max(1, token.TrimStart('-').Length / 3))
            .OrderBy(candidate => candidate.Distance)
            .Select(candidate => candidate.Name)
            .FirstOrDefault();
    }

    /// <summary>Edits between two words (Levenshtein).</summary>
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }

    /// <summary>What the command line can put right, as opposed to what went wrong on the way.</summary>
    private static bool IsUsage(RendezvousFailure reason) =>
        reason is not (RendezvousFailure.ConnectionLost or RendezvousFailure.GateTimeout);
}
