using System.CommandLine;
using System.Globalization;
using System.Net;
using BoxerMpi.Aws;
using BoxerMpi.Functions;
using BoxerMpi.Functions.Deploying;
using BoxerMpi.Launching;
using BoxerMpi.NatLab;

namespace BoxerMpi.Launcher.Options;

/// <summary>The options of <c>boxer run --on lambda</c> and <c>--on lambda-local</c>.</summary>
internal sealed class FunctionArguments
{
    private readonly Option<string> _function =
        new("--function") { HelpName = "F", Description = "lambda: name of the function  [default: boxer- and the program's name]" };
    private readonly Option<string> _memory = new("--memory") { HelpName = "MB", Description = "lambda: memory of the function, 128 to 10240  [default: the function's own, else 2048]" };
    private readonly Option<string> _functionTimeout = new("--function-timeout") { HelpName = "S", Description = "lambda: longest run of a function, 1 to 900  [default: its own, else 900]" };
    private readonly Option<string> _arch =
        new("--arch") { HelpName = "A", Description = "lambda: x86_64 or arm64  [default: the function's own, else this machine's]" };
    private readonly Option<string> _role =
        new("--role") { HelpName = "ARN", Description = "lambda: role of a new function  [default: BOXER_LAMBDA_ROLE]" };
    private readonly Option<bool> _readyToRun = new("--no-aot") { Description = "lambda: for programs that cannot be Native AOT" };
    private readonly Option<bool> _noDeploy = new("--no-deploy") { Description = "lambda: uses the function as it is, and builds nothing" };
    private readonly Option<string> _seedAddress = new("--seed-address")
    {
        HelpName = "ADDR[:PORT]",
        Description = "lambda: where functions reach this machine; needed unless the endpoint is on it",
    };

    private readonly Option<string[]> _listen = new("--listen")
    {
        HelpName = "ADDR:PORT",
        Description = "lambda: where the coordinator listens; up to 4 more show it the functions' NATs  [default: 0.0.0.0 and the port of --seed-address]",
        AllowMultipleArgumentsPerToken = false,
        Arity = new ArgumentArity(1, 5),
    };

    private readonly Option<string> _functions = new("--functions") { HelpName = "M", Description = "lambda: only the first M ranks are functions, the others join with boxer rank" };
    private readonly Option<string> _tokenFile = new("--token-file") { HelpName = "FILE", Description = "lambda: the job's token for those others; made when it is not there  [default: BOXER_TOKEN]" };
    private readonly Option<string> _spares = new("--spares") { HelpName = "K", Description = "lambda: functions beyond those needed; the first to come get the ranks  [default: 0]" };
    private readonly Option<string> _invokeRate =
        new("--invoke-rate") { HelpName = "R", Description = "lambda: invocations a second, 1 to 10000  [default: 250]" };
    private readonly Option<string> _startTimeout =
        new("--start-timeout") { HelpName = "S", Description = "lambda: how long to wait for all functions  [default: 120]" };
    private readonly Option<bool> _dryRun =
        new("--dry-run") { Description = "lambda: builds, and says what would be done and what it would cost" };
    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "lambda: says nothing of start and cost" };
    private readonly Option<string> _concurrency =
        new("--concurrency") { HelpName = "N", Description = "lambda-local: functions at once  [default: as many as the job needs]" };
    private readonly Option<string> _coldStart =
        new("--cold-start-ms") { HelpName = "MS", Description = "lambda-local: added to each start of a function  [default: 0]" };
    private readonly LambdaOptions _lambda;
    private readonly Option[] _common;
    private readonly Option[] _remote;
    private readonly Option[] _local;

    public FunctionArguments(Command command)
    {
        _common = [_function, _memory, _functionTimeout, _readyToRun, _functions, _tokenFile, _spares, _invokeRate, _startTimeout, _dryRun, _quiet];
        _remote = [_arch, _role, _noDeploy, _seedAddress, _listen];
        _local = [_concurrency, _coldStart];
        foreach (Option option in (Option[])[.. _common, .. _remote, .. _local])
            command.Add(option);
        _lambda = new LambdaOptions(command);
    }

    /// <summary>The first of these options that was given although it means nothing at this place, or null.</summary>
    public string? Misplaced(ParseResult parsed, string on)
    {
        IEnumerable<Option> meaningless = on switch
        {
            "lambda" => _local,
            "lambda-local" => [.. _remote, .. _lambda.All],
            _ => [.. _common, .. _remote, .. _local, .. _lambda.All],
        };
        return meaningless.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false })?.Name;
    }

    /// <summary>File with the token of a job that others join, and the token; null when boxer makes one up for the job alone.</summary>
    public (string? File, byte[]? Token) Token(ParseResult parsed, int size)
    {
        string? file = parsed.GetValue(_tokenFile);
        if (Count(parsed, size) == size)
        {
            return file is null
                ? (null, null)
                : throw new UsageException(
                    "--token-file is for ranks that join from elsewhere, and all ranks are functions", "say with --functions how many are");
        }

        if (file is null && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("BOXER_TOKEN")))
            throw new UsageException(
                "the other ranks need the job's token",
                "give --token-file FILE, which boxer makes when it is not there, or set BOXER_TOKEN");
        return (file, Tokens.ReadOrMake(file).Token);
    }

    /// <exception cref="UsageException">A value is not understood, or one is missing.</exception>
    public FunctionOptions Read(ParseResult parsed, bool local, int size, FunctionProgram program, LabOptions? lab, string? labPrefix)
    {
        program = program with { ReadyToRun = parsed.GetValue(_readyToRun) };
        LambdaClientOptions client = _lambda.Read(parsed);
        (string Host, int? Port)? address = Address(parsed.GetValue(_seedAddress));
        if (!local && address is null && !IsOnThisMachine(client.EndpointUrl))
        {
            throw new UsageException(
                "--seed-address is missing: how do functions reach this machine?",
                "give a public address or name of it, and a port that its firewall lets through, as in --seed-address 198.51.100.7:7000 " +
                "(docs/aws.md)");
        }

        return new FunctionOptions
        {
            Local = local,
            Client = client,
            Program = program,
            Function = program.FunctionName(parsed.GetValue(_function)),
            Count = Count(parsed, size),
            Deploy = !parsed.GetValue(_noDeploy),
            MemoryMegabytes = OptionValues.Number("--memory", parsed.GetValue(_memory), 128, 10_240),
            FunctionTimeout = OptionValues.Number("--function-timeout", parsed.GetValue(_functionTimeout), 1, 900) is { } seconds
                ? TimeSpan.FromSeconds(seconds)
                : null,
            Architecture = parsed.GetValue(_arch) is { } arch ? FunctionProgram.Architecture(arch) : null,
            Role = parsed.GetValue(_role),
            SeedAddress = address,
            Listen = [.. (parsed.GetValue(_listen) ?? []).Select(OptionValues.Listen)],
            Spares = OptionValues.Number("--spares", parsed.GetValue(_spares), 0, 10_000) ?? 0,
            InvokeRate = OptionValues.Number("--invoke-rate", parsed.GetValue(_invokeRate), 1, 10_000) ?? StartPlan.StandardRate,
            StartTimeout = OptionValues.Seconds("--start-timeout", parsed.GetValue(_startTimeout)) ?? StartPlan.StandardTimeout,
            DryRun = parsed.GetValue(_dryRun),
            Quiet = parsed.GetValue(_quiet),
            Concurrency = OptionValues.Number("--concurrency", parsed.GetValue(_concurrency), 1, 100_000),
            ColdStart = TimeSpan.FromMilliseconds(OptionValues.Number("--cold-start-ms", parsed.GetValue(_coldStart), 0, 600_000) ?? 0),
            Lab = lab,
            LabPrefix = labPrefix,
        };
    }

    private int Count(ParseResult parsed, int size) => OptionValues.Number("--functions", parsed.GetValue(_functions), 1, size) ?? size;

    private static (string Host, int? Port)? Address(string? text)
    {
        if (text is null)
            return null;
        int colon = text.LastIndexOf(':');
        bool hasPort = colon > 0 && (text.IndexOf(':', StringComparison.Ordinal) == colon || text[colon - 1] == ']');
        string host = (hasPort ? text[..colon] : text).Trim('[', ']');
        ushort port = 0;
        if (host.Length == 0 || host.Contains(' ', StringComparison.Ordinal)
            || (hasPort && (!ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port == 0)))
        {
            throw new UsageException(
                $"--seed-address '{text}' is not an address",
                "write ADDRESS or ADDRESS:PORT, as in 198.51.100.7:7000 or [2001:db8::7]:7000");
        }

        return (host, hasPort ? port : null);
    }

    /// <summary>Whether the service, and so its functions, are where the coordinator is.</summary>
    private static bool IsOnThisMachine(string? endpoint)
    {
        endpoint ??= Variable("AWS_ENDPOINT_URL_LAMBDA") ?? Variable("AWS_ENDPOINT_URL");
        return endpoint is not null && Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? url) && url.IsLoopback;

        static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
    }
}
