using System.Net;
using System.Security.Cryptography;
using BoxerMpi.Aws;
using BoxerMpi.Coordinator;
using BoxerMpi.LambdaService;
using BoxerMpi.Launching;
using BoxerMpi.Launching.Places;
using BoxerMpi.NatLab;
using BoxerMpi.Processes;

namespace BoxerMpi.Functions;

/// <summary>A Lambda service on this machine for one job, its functions behind NATs where this system can make them.</summary>
internal sealed class LocalFunctionSite : IFunctionSite
{
    private const string SignedRegion = "us-east-1";

    // Beside the job's functions: one that takes the place of another, and one that is asked what is wrong.
    private const int MoreFunctions = 2;

    private readonly Lab? _lab;
    private readonly Watchdog _watchdog;
    private readonly LocalLambda _service;
    private readonly LambdaClient _lambda;

    private LocalFunctionSite(Lab? lab, Watchdog watchdog, LocalLambda service, LambdaClient lambda) =>
        (_lab, _watchdog, _service, _lambda) = (lab, watchdog, service, lambda);

    public ILambdaApi Lambda => _lambda;

    public string Region => "local";

    /// <exception cref="UsageException">This is no Linux.</exception>
    /// <exception cref="LabException">NATs were asked for, and this system cannot make them.</exception>
    /// <exception cref="InterruptedException">A signal came while they were made.</exception>
    public static async Task<LocalFunctionSite> OpenAsync(FunctionOptions options)
    {
        if (!OperatingSystem.IsLinux())
            throw new UsageException("the local Lambda service runs on Linux only", "functions are Linux executables; use a container or a virtual machine");
        int needed = options.Count + options.Spares + MoreFunctions;
        int concurrency = options.Concurrency ?? needed;
        Lab? lab = OpenLab(options, hosts: Math.Min(concurrency, needed));
        try
        {
            return await OpenAsync(options, lab, lab is null ? concurrency : lab.Hosts.Count);
        }
        catch
        {
            lab?.Dispose();
            throw;
        }
    }

    public Task<string>? Broken => _lab?.Broken;

    public Seed StartSeed(SeedOptions options) => _lab is null
        ? Seed.Start(options with { Listen = new IPEndPoint(IPAddress.Loopback, 0) })
        : LabSite.StartSeed(_lab, options);

    public string AddressOf(Seed seed) => seed.EndPoint.ToString();

    public async ValueTask DisposeAsync()
    {
        _lambda.Dispose();
        await _service.DisposeAsync();
        _watchdog.Dispose();
        _lab?.Dispose();
    }

    private static async Task<LocalFunctionSite> OpenAsync(FunctionOptions options, Lab? lab, int concurrency)
    {
        string mark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
        Credentials credentials = new(
            "AKIA" + RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16), Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20)));

        // Functions do not outlive the launcher, even when it is killed.
        Watchdog watchdog = new(mark, TimeSpan.Zero, message => Console.Error.WriteLine($"boxer: {message}"));
        try
        {
            LocalLambda service = await LocalLambda.StartAsync(new LambdaServiceOptions
            {
                Region = SignedRegion,
                Credentials = credentials,
                Concurrency = concurrency,
                ColdStart = options.ColdStart,
                Networks = lab is null ? null : new LabNetworks(lab),
                ExtraVariables = new Dictionary<string, string> { [Watchdog.MarkVariable] = mark },
            });
            ServiceLeftovers.Guard(watchdog, service, lab);
            LambdaClient lambda = new(new LambdaClientOptions
            {
                EndpointUrl = $"http://{service.EndPoint}",
                Region = SignedRegion,
                Credentials = (credentials.AccessKey, credentials.SecretKey, null),
            });
            return new LocalFunctionSite(lab, watchdog, service, lambda);
        }
        catch
        {
            watchdog.Dispose();
            throw;
        }
    }

    /// <summary>The NATs that were asked for; without being asked those that can be had, and a line that says which.</summary>
    private static Lab? OpenLab(FunctionOptions options, int hosts)
    {
        if (options.Lab is null)
        {
            string? why = hosts > LabOptions.MostHosts ? $"more than {LabOptions.MostHosts} functions" : null;
            try
            {
                Lab.Require();
            }
            catch (LabException cannot)
            {
                why = cannot.Message;
            }

            if (why is not null)
            {
                Say(options, $"functions are plain processes, without NATs between them: {why}");
                return null;
            }
        }

        LabOptions wanted = (options.Lab ?? new LabOptions { Hosts = hosts }) with { Hosts = hosts };
        using Interruption interruption = new();
        Lab lab = interruption.Guard(token => Lab.Create(wanted, options.LabPrefix, pin: false, token), static made => made.Abandon());
        Say(options, $"functions are hosts behind NATs of this machine: {wanted}");
        return lab;
    }

    private static void Say(FunctionOptions options, string text)
    {
        if (!options.Quiet)
            Console.Error.WriteLine($"boxer: {text}");
    }
}
