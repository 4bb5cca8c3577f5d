using System.CommandLine;
using System.Globalization;
using BoxerMpi.Launcher.Options;

namespace BoxerMpi.Launcher.Bench;

/// <summary>The arguments that say what to measure: of <c>boxer bench</c>, and of the ranks that it starts.</summary>
internal sealed class BenchArguments
{
    private readonly Argument<string> _operations = new("OP")
    {
        HelpName = "OP[,OP...]",
        Arity = ArgumentArity.ZeroOrOne,
        Description = string.Join(", ", BenchOperations.All.Select(operation => operation.Name)),
    };

    private readonly Option<string> _bytes = new("--bytes") { HelpName = "LIST", Description = "Sizes, such as 8,1K,1M  [default: 8]" };
    private readonly Option<string> _json =
        new("--json") { HelpName = "FILE", Description = "Writes a JSON line for each operation and size" };
    private readonly Option<string> _seconds =
        new("--seconds") { HelpName = "S", Description = "Timed part of a measurement  [default: 1]" };
    private readonly Option<string> _warmup = new("--warmup") { HelpName = "S", Description = "Warm-up of an operation  [default: 0.5]" };
    private readonly Option<bool> _check = new("--check") { Description = "Checks all data around every call, not only around the first" };

    private readonly Option<bool> _quiet = new("--quiet") { Description = "No table, for --json" };

    public BenchArguments(Command command)
    {
        command.Add(_operations);
        foreach (Option option in (Option[])[_bytes, _json, _seconds, _warmup, _check, _quiet])
            command.Add(option);
    }

    public BenchOptions Read(ParseResult parsed) => new()
    {
        Operations = BenchOptions.ParseOperations(parsed.GetValue(_operations)),
        Bytes = BenchOptions.ParseBytes(parsed.GetValue(_bytes)),
        Time = OptionValues.Seconds("--seconds", parsed.GetValue(_seconds)) ?? TimeSpan.FromSeconds(1),
        Warmup = OptionValues.Seconds("--warmup", parsed.GetValue(_warmup), zeroAllowed: true) ?? TimeSpan.FromSeconds(0.5),
        Check = parsed.GetValue(_check),
        Quiet = parsed.GetValue(_quiet),
        JsonFile = OptionValues.WritableFile("--json", parsed.GetValue(_json)),
    };

    /// <summary>The same options again, as arguments.</summary>
    public static IReadOnlyList<string> Write(BenchOptions options)
    {
        List<string> arguments =
        [
            string.Join(',', options.Operations.Select(operation => operation.Name)),
            "--bytes", string.Join(',', options.Bytes),
            "--seconds", options.Time.TotalSeconds.ToString(CultureInfo.InvariantCulture),
            "--warmup", options.Warmup.TotalSeconds.ToString(CultureInfo.InvariantCulture),
        ];
        if (options.Check)
            arguments.Add("--check");
        if (options.Quiet)
            arguments.Add("--quiet");
        if (options.JsonFile is { } file)
            arguments.AddRange(["--json", file]);
        return arguments;
    }
}
