using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using BoxerMpi.Aws;
using BoxerMpi.Functions;
using BoxerMpi.LambdaService;
using BoxerMpi.Launcher.Options;
using BoxerMpi.Launching;
using BoxerMpi.Launching.Jobs;
using BoxerMpi.NatLab;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.Lambda;

/// <summary><c>boxer lambda serve</c>: the local Lambda service until a signal ends it.</summary>
internal sealed class ServeCommand : Command
{
    // Hosts of a lab when nobody says how many: about a second to make.
    private const int LabHosts = 64;

    private readonly Option<string> _listen = new("--listen") { HelpName = "ADDRESS", Description = "Address to listen on  [default: 127.0.0.1]" };
    private readonly Option<string> _port = new("--port") { HelpName = "N", Description = "Port; 0 takes a free one  [default: 0]" };
    private readonly Option<string> _concurrency = new("--concurrency") { HelpName = "N", Description = "Invocations at once before callers are throttled  [default: 1000; 64 behind NATs]" };
    private readonly Option<string> _coldStart = new("--cold-start-ms") { HelpName = "MS", Description = "Added to each start of an environment  [default: 0]" };
    private readonly Option<string> _idle = new("--idle") { HelpName = "S", Description = "How long an environment stays warm without work  [default: 300]" };
    private readonly Option<string> _region = new("--region") { HelpName = "R", Description = "Region that requests are signed for  [default: AWS_REGION, else us-east-1]" };
    private readonly Option<string> _accessKey = new("--access-key")
    {
        HelpName = "ID",
        Description = "Access key id that requests are signed with  [default: AWS_ACCESS_KEY_ID, else made up and shown]",
    };

    private readonly Option<string> _secretKey = new("--secret-key") { HelpName = "KEY", Description = "Its secret; others on this machine can read a command line" };
    private readonly Option<string> _deadLetters = new("--dead-letters") { HelpName = "FILE", Description = "Gets a line of JSON for each event that is given up" };
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Shows functions and invocations" };
    private readonly LabArguments _lab;

    public ServeCommand()
        : base("serve", "Serves the Lambda API on this machine; functions run as local processes")
    {
        foreach (Option option in (Option[])
            [_listen, _port, _concurrency, _coldStart, _idle, _region, _accessKey, _secretKey, _deadLetters, _verbose])
        {
            Add(option);
        }

        _lab = new LabArguments(this);
        SetAction((parsed, _) => ExecuteAsync(parsed));
    }

    private async Task<int> ExecuteAsync(ParseResult parsed)
    {
        if (!OperatingSystem.IsLinux())
            throw new UsageException("the local Lambda service runs on Linux only", "functions are Linux executables; use a container or a virtual machine");
        (Credentials credentials, bool madeUp) = ReadCredentials(parsed);
        string mark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
        bool behindNats = _lab.Given(parsed) is not null;
        int concurrency = Number("--concurrency", parsed.GetValue(_concurrency), behindNats ? LabHosts : 1000, 1, behindNats ? LabOptions.MostHosts : 100_000);
        using Lab? lab = behindNats ? OpenLab(parsed, concurrency) : null;
        string region = parsed.GetValue(_region) ?? Variable("AWS_REGION") ?? Variable("AWS_DEFAULT_REGION") ?? "us-east-1";

        // Code in S3 is for whoever has an S3 beside this service: AWS's own would be asked with its made-up keys.
        using S3Client? s3 = Variable("AWS_ENDPOINT_URL_S3") is { } endpoint ? new S3Client(region, endpoint) : null;
        LambdaServiceOptions options = new()
        {
            Listen = Address(parsed.GetValue(_listen) ?? "127.0.0.1", Number("--port", parsed.GetValue(_port), 0, 0, IPEndPoint.MaxPort)),
            Concurrency = concurrency,
            Networks = lab is null ? null : new LabNetworks(lab),
            ColdStart = TimeSpan.FromMilliseconds(Number("--cold-start-ms", parsed.GetValue(_coldStart), 0, 0, 600_000)),
            IdleLimit = TimeSpan.FromSeconds(Number("--idle", parsed.GetValue(_idle), 300, 1, 1_000_000)),
            Region = region,
            ReadObject = s3 is null ? null : s3.GetAsync,
            Credentials = credentials,
            DeadLetterFile = OptionValues.WritableFile("--dead-letters", parsed.GetValue(_deadLetters)),
            ExtraVariables = new Dictionary<string, string> { [Watchdog.MarkVariable] = mark },
            Log = parsed.GetValue(_verbose) ? Console.Error.WriteLine : null,
        };

        TaskCompletionSource<int> signal = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using SignalSource signals = new(
            happened =>
            {
                if (happened is JobEvent.EndRequested request)
                    signal.TrySetResult(request.Signal);
            },
            static _ => { });

        // Functions do not outlive the service, even when it is killed.
        using Watchdog watchdog = new(mark, TimeSpan.Zero, message => Console.Error.WriteLine($"boxer: {message}"));
        await using LocalLambda service = await StartAsync(options);
        ServiceLeftovers.Guard(watchdog, service, lab);
        Console.WriteLine($"lambda http://{service.EndPoint}");
        Console.WriteLine($"region {options.Region}, account {options.AccountId}, limits of functions: {service.Limits}");
        if (lab is not null)
        {
            Console.WriteLine($"functions behind NATs: {_lab.Read(parsed, concurrency)}; they reach {Lab.SeedAddress} and {Lab.SecondSeedAddress}, the host of");
            Console.WriteLine($"  boxer natlab exec-seed --prefix {lab.Prefix} -- COMMAND, where the service is found at the same address");
        }

        Console.WriteLine($"use with: {Exports(service, options, madeUp)}");
        return 128 + await signal.Task;
    }

    /// <summary>A host for each function that may run at once: they are made beforehand, as each takes only about 10 ms then.</summary>
    private Lab OpenLab(ParseResult parsed, int hosts)
    {
        LabOptions options = _lab.Read(parsed, hosts);
        using Interruption interruption = new();
        return interruption.Guard(token => Lab.Create(options, _lab.Prefix(parsed), pin: false, token), static made => made.Abandon());
    }

    private static async Task<LocalLambda> StartAsync(LambdaServiceOptions options)
    {
        try
        {
            return await LocalLambda.StartAsync(options);
        }
        catch (IOException failure)
        {
            throw new LaunchException($"Cannot serve on {options.Listen}: {failure.Message}");
        }
    }

    private static string Exports(LocalLambda service, LambdaServiceOptions options, bool madeUp)
    {
        string keys = madeUp ? $" AWS_ACCESS_KEY_ID={options.Credentials.AccessKey} AWS_SECRET_ACCESS_KEY={options.Credentials.SecretKey}" : "";
        return $"export AWS_ENDPOINT_URL_LAMBDA=http://{service.EndPoint} AWS_REGION={options.Region}{keys}";
    }

    private (Credentials Credentials, bool MadeUp) ReadCredentials(ParseResult parsed)
    {
        (string? id, string? secret) = (parsed.GetValue(_accessKey), parsed.GetValue(_secretKey));
        if (id is null != secret is null)
            throw new UsageException("--access-key and --secret-key belong together", "give both, or neither for those of the environment");
        if (id is { Length: > 0 } && secret is { Length: > 0 })
            return (new Credentials(id, secret), false);
        if (id is not null)
            throw new UsageException("--access-key and --secret-key may not be empty", "give both, or neither for those of the environment");
        if (Variable("AWS_ACCESS_KEY_ID") is { } ownId && Variable("AWS_SECRET_ACCESS_KEY") is { } ownSecret)
            return (new Credentials(ownId, ownSecret, Variable("AWS_SESSION_TOKEN")), false);
        string madeUp = "AKIA" + RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16);
        return (new Credentials(madeUp, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20))), true);
    }

    private static IPEndPoint Address(string text, int port) => IPAddress.TryParse(text, out IPAddress? address)
        ? new IPEndPoint(address, port)
        : throw new UsageException($"--listen '{text}' is not an address", "write an address of this host, as in 127.0.0.1 or 0.0.0.0");

    private static int Number(string option, string? text, int otherwise, int least, int most)
    {
        if (text is null)
            return otherwise;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw new UsageException($"{option} '{text}' is not a number from {least} to {most}", $"as in {option} {Math.Clamp(otherwise, Math.Max(least, 1), most)}");
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
