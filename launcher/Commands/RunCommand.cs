using System.CommandLine;
using System.Security.Cryptography;
using BoxerMpi.Collectives;
using BoxerMpi.Functions;
using BoxerMpi.Functions.Deploying;
using BoxerMpi.Launcher.Options;
using BoxerMpi.Launching;
using BoxerMpi.Launching.Jobs;
using BoxerMpi.Launching.Places;
using BoxerMpi.Schedules;

namespace BoxerMpi.Launcher.Commands;

/// <summary><c>boxer run</c>: N ranks of a program, on this machine or as functions, with the coordinator inside the launcher.</summary>
internal sealed class RunCommand : ProgramCommand
{
    private readonly Option<string> _size = new("-n", "--ranks") { HelpName = "N", Description = "Number of ranks" };
    private readonly Option<string> _timeout =
        new("--timeout") { HelpName = "S", Description = "Ends the job after S seconds; exit code 124" };
    private readonly Option<string> _grace =
        new("--grace") { HelpName = "S", Description = "Time between TERM and KILL when a job is ended  [default: 2]" };
    private readonly Option<string[]> _variables = new("-x")
    {
        HelpName = "NAME=VALUE",
        Description = "Sets a variable in the ranks' environment; repeat for more",
        AllowMultipleArgumentsPerToken = false,
        Arity = new ArgumentArity(1, 100_000),
    };

    private readonly Option<string> _model = new("--model")
    {
        HelpName = "MODEL",
        Description = "Link model that algorithms are chosen by: local, lambda, measured, or a file of boxer calibrate  [default: local]",
    };

    private readonly Option<string> _workingDirectory = new("--wdir") { HelpName = "DIR", Description = "Working directory of the ranks" };
    private readonly Option<string> _input =
        new("--stdin") { HelpName = "RANK|none|all", Description = "Who reads standard input  [default: 0]" };
    private readonly Option<string> _outputFolder =
        new("--output-dir") { HelpName = "DIR", Description = "Also writes rank-00.out and rank-00.err, … there" };
    private readonly Option<string> _report = new("--report") { HelpName = "FILE", Description = "Writes what the job did as JSON" };
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Shows the build, the wire-up and a summary" };
    private readonly Option<string> _output = new("--output")
    {
        HelpName = "lines|raw",
        Description = "Whole lines behind their [rank], or bytes as they come without tags  [default: lines]",
    };

    private readonly Option<bool> _noTag = new("--no-tag") { Description = "No [rank] before each line" };
    private readonly Option<bool> _timestamp = new("--timestamp") { Description = "UTC time before each line" };
    private readonly Option<bool> _nativeAot =
        new("--aot") { Description = "Builds a project as Native AOT: slow to build, fast to start" };
    private readonly Option<string> _configuration =
        new("--configuration", "-c") { HelpName = "NAME", Description = "Build configuration  [default: Release]" };

    private readonly JobRules _rules;
    private readonly PlaceArguments _place;

    public RunCommand()
        : base("run", "Runs N ranks of a program on this machine, or as functions of AWS Lambda")
    {
        Add(_size);
        _rules = new JobRules(this);
        foreach (Option option in (Option[])
        [
            _timeout, _grace, _variables, _model, _workingDirectory, _input, _outputFolder, _report, _verbose,
            _output, _noTag, _timestamp, _nativeAot, _configuration,
        ])
        {
            Add(option);
        }

        _place = new PlaceArguments(this, functions: true);
        SetAction(ExecuteAsync);
    }

    private Task<int> ExecuteAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        (RunOptions options, IPlace place) = Read(parsed);
        return JobRun.ExecuteAsync(options, place, cancellationToken);
    }

    private (RunOptions Options, IPlace Place) Read(ParseResult parsed)
    {
        if (parsed.GetValue(_size) is null && Program.Skip(1).Any(argument => argument is "-n" or "--ranks"))
            throw new UsageException(
                "-n is missing: behind PROGRAM it belongs to the program", "options of boxer stand before PROGRAM, as in boxer run -n 4 examples/Hello");
        int size = OptionValues.Ranks(parsed.GetValue(_size));
        string? outputFolder = parsed.GetValue(_outputFolder);
        _place.Check(parsed);
        (string? tokenFile, byte[]? token) = _place.Token(parsed, size);
        FunctionOptions? functions = _place.ReadFunctions(parsed, size, () => new FunctionProgram(RequireProgram())
        {
            Configuration = parsed.GetValue(_configuration) ?? "Release",
            Verbose = parsed.GetValue(_verbose),
        });
        if (functions is not null)
            RejectForFunctions(parsed);
        IPlace place = functions is null
            ? _place.Read(parsed, size)
            : new FunctionPlace(functions with { TokenFile = tokenFile, Model = parsed.GetValue(_model) });
        MisplacedOptions misplaced = IsMarked ? MisplacedOptions.None : MisplacedOptions.Of(this, Program.Skip(1));
        RunOptions options = new()
        {
            Job = _rules.Read(parsed, NewJob.Id(), token ?? RandomNumberGenerator.GetBytes(32), size),
            Seed = _rules.ReadSeed(parsed),
            Program = RequireProgram(),
            Arguments = Program[1..],
            Timeout = OptionValues.Seconds("--timeout", parsed.GetValue(_timeout)),
            Grace = OptionValues.Seconds("--grace", parsed.GetValue(_grace), zeroAllowed: true) ?? TimeSpan.FromSeconds(2),
            Variables = [.. (parsed.GetValue(_variables) ?? []).Select(OptionValues.Variable), .. ModelVariable(Model(parsed, functions, size))],
            WorkingDirectory = OptionValues.Folder("--wdir", parsed.GetValue(_workingDirectory)),
            Input = OptionValues.Input(parsed.GetValue(_input) ?? "0", size),
            OutputFolder = outputFolder is null ? null : Path.GetFullPath(outputFolder),
            ReportFile = OptionValues.WritableFile("--report", parsed.GetValue(_report)),
            Verbose = parsed.GetValue(_verbose),
            Tag = !parsed.GetValue(_noTag),
            Timestamp = parsed.GetValue(_timestamp),
            Raw = IsRaw(parsed),
            Remark = misplaced.Line,
            NativeAot = parsed.GetValue(_nativeAot),
            Configuration = parsed.GetValue(_configuration) ?? "Release",
        };
        return (options, place);
    }

    private bool IsRaw(ParseResult parsed)
    {
        string? output = parsed.GetValue(_output);
        if (output is not (null or "lines" or "raw"))
            throw new UsageException($"--output '{output}' is not a form of output", "it is lines or raw");
        return output != "raw" || !parsed.GetValue(_timestamp)
            ? output == "raw"
            : throw new UsageException("--timestamp means nothing for --output raw, which knows no lines", "leave one of them away");
    }

    /// <summary>All ranks of a job choose by one model: where others join, it is the one that nobody has to tell them.</summary>
    private string? Model(ParseResult parsed, FunctionOptions? functions, int size)
    {
        string? given = parsed.GetValue(_model);
        if (functions is null)
            return given;
        if (functions.Count == size)
            return given ?? (functions.Local ? null : "lambda");
        return given is null or "local" or "lambda"
            ? given
            : throw new UsageException(
                $"--model {given}: the ranks that join from elsewhere would not know it", "with --functions it is local or lambda");
    }

    /// <exception cref="UsageException">An option is of this machine only.</exception>
    private void RejectForFunctions(ParseResult parsed)
    {
        foreach ((Option option, string why) in (ReadOnlySpan<(Option, string)>)
        [
            (_input, "functions have no standard input"),
            (_workingDirectory, "functions start in /tmp"),
            (_nativeAot, "functions are Native AOT unless --no-aot is given"),
        ])
        {
            if (parsed.GetResult(option) is { Implicit: false })
                throw new UsageException($"{option.Name} means nothing for functions: {why}", "leave it away");
        }

        IEnumerable<string> variables = (parsed.GetValue(_variables) ?? []).Select(OptionValues.Variable).Select(variable => $"{variable.Key}={variable.Value}");
        string? broken = Program.Concat(variables).FirstOrDefault(text => !Processes.SystemText.IsWhole(text));
        if (broken is not null)
            throw new UsageException(
                $"'{broken}' has bytes that are no UTF-8, and what functions get is JSON", "pass it on as text, base64 for example");
    }

    /// <summary>The model itself goes to the ranks, not the name of a file that may differ or be missing where they run.</summary>
    private static IEnumerable<KeyValuePair<string, string>> ModelVariable(string? model) =>
        model is null ? [] : [new("BOXER_MODEL", LinkModelText.Write(TopologyValues.Model(model, "local")))];
}
