using System.CommandLine;
using BoxerMpi.Launcher.Commands;
using BoxerMpi.Launcher.Processes;

namespace BoxerMpi.Launcher.Bench;

/// <summary><c>boxer bench</c>: measures operations among N ranks on this machine. docs/benchmarks.md tells how.</summary>
internal sealed class BenchCommand : Command
{
    private readonly BenchArguments _arguments;
    private readonly Option<string> _size = new("-n", "--ranks") { HelpName = "N", Description = "Number of ranks" };
    private readonly Option<string> _topology = new("--topology")
    {
        HelpName = "T",
        Description = "Links to set up, as for boxer run  [default: mesh up to 32 ranks, else grid]",
    };

    private readonly Option<string> _timeout = new("--timeout") { HelpName = "S", Description = "Ends the job after S seconds; exit code 124" };

    public BenchCommand()
        : base("bench", "Measures point-to-point and collective operations")
    {
        _arguments = new BenchArguments(this);
        foreach (Option option in (Option[])[_size, _topology, _timeout])
            Add(option);
        SetAction((parsed, _) => LocalRun.ExecuteAsync(Read(parsed)));
    }

    private RunOptions Read(ParseResult parsed)
    {
        BenchOptions options = _arguments.Read(parsed);
        int size = OptionValues.Ranks(parsed.GetValue(_size));
        options.Validate(size);
        return new RunOptions
        {
            Size = size,
            Program = ThisProgram(),
            Arguments = [BenchRankCommand.Verb, .. BenchArguments.Write(options)],
            Topology = OptionValues.Links(parsed.GetValue(_topology), size),
            Timeout = OptionValues.Seconds("--timeout", parsed.GetValue(_timeout)),
            GateTimeout = TimeSpan.FromMinutes(5),
            Grace = TimeSpan.FromSeconds(2),
            Input = StandardInput.Parse("none", size),
            Tag = false,
        };
    }

    // Started as "dotnet boxer.dll", the process is dotnet's.
    private static string ThisProgram() =>
        Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "boxer"
            ? path
            : Path.Combine(AppContext.BaseDirectory, "boxer.dll");
}
