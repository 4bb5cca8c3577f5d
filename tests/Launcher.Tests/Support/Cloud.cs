using System.IO.Compression;
using System.Text;
using BoxerMpi.Aws;
using BoxerMpi.LambdaBootstrap;
using BoxerMpi.LambdaService;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.Tests.Support;

/// <summary>A local Lambda service, and programs that are functions without being compiled: shells that this machine has.</summary>
internal sealed class Cloud : IAsyncDisposable
{
    public const string Role = "arn:aws:iam::123456789012:role/boxer";
    public static readonly string Puppet = Path.Combine(AppContext.BaseDirectory, "Puppet.dll");

    /// <summary>Description of a function that this boxer has deployed.</summary>
    public static readonly string OursNow = $"boxer: program, protocol {RankRequest.CurrentProtocol}";

    private static readonly TimeSpan BuildDeadline = TimeSpan.FromMinutes(8);
    private static readonly Credentials Keys = new("AKIATESTTESTTESTTEST", "a/secret+key");

    // Compiled once, so that no test waits for that instead of what it is about.
    private static readonly Lazy<Task> Bootstrap = new(async () =>
    {
        using TemporaryFolder folder = new();
        (await EndAsync(Boxer.Start("lambda", "deploy", folder.Script("any", "#!/bin/sh\n"), "--dry-run", "--region", "us-east-1"))).ExitsWith(0);
    });

    private readonly TemporaryFolder _folder = new();
    private readonly Watchdog _watchdog;
    private readonly LocalLambda _service;

    private Cloud(Watchdog watchdog, LocalLambda service)
    {
        (_watchdog, _service) = (watchdog, service);
        watchdog.Guard(service.Folder);
        watchdog.Guard(_folder.Path);
        string dotnet = Path.Combine(Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "../../..")), "dotnet");
        Program = _folder.Script("program", $"#!/bin/sh\nexec {dotnet} {Puppet} \"$@\"\n");
        Script = _folder.Script("script", "#!/bin/sh\neval \"$1\"\n");
    }

    /// <summary>The puppet.</summary>
    public string Program { get; }

    /// <summary>Does what its argument says.</summary>
    public string Script { get; }

    public static async Task<Cloud> StartAsync(int concurrency = 1000)
    {
        // Frozen functions would outlive a run of the tests that is killed.
        string mark = Guid.NewGuid().ToString("N");
        Watchdog watchdog = new(mark, TimeSpan.Zero, static message => throw new InvalidOperationException(message));
        Cloud cloud = new(watchdog, await LocalLambda.StartAsync(new LambdaServiceOptions
        {
            Credentials = Keys,
            Concurrency = concurrency,
            ExtraVariables = new Dictionary<string, string> { [Watchdog.MarkVariable] = mark },

            // The programs are files of the tests, which may lie below /tmp.
            Isolate = false,
        }));
        await Bootstrap.Value;
        return cloud;
    }

    public Boxer Start(params string[] arguments) => Boxer.StartWith(Variables(Keys.SecretKey), ["run", "--on", "lambda", .. arguments]);

    public Task<BoxerResult> RunAsync(params string[] arguments) => EndAsync(Start(arguments));

    public Task<BoxerResult> BoxerAsync(params string[] arguments) => WithSecretAsync(Keys.SecretKey, arguments);

    public Task<BoxerResult> WithSecretAsync(string secret, params string[] arguments) => EndAsync(Boxer.StartWith(Variables(secret), arguments));

    public async Task CreateAsync(string name, string runtime, string description, byte[]? zip = null)
    {
        using LambdaClient lambda = new(new LambdaClientOptions
        {
            EndpointUrl = $"http://{_service.EndPoint}",
            Region = "us-east-1",
            Credentials = (Keys.AccessKey, Keys.SecretKey, null),
        });
        await lambda.CreateFunctionAsync(
            new FunctionSpec(name, Role) { Runtime = runtime, Description = description }, FunctionCode.Of(zip ?? Zip("#!/bin/sh\n")));
    }

    /// <summary>Waits until no function runs; warm ones are frozen.</summary>
    public Task IdleAsync() => ProcessList.UntilAsync(() => _service.Running == 0, () => $"{_service.Running} functions still run");

    public static byte[] Zip(string bootstrap)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
            Add(zip, "bootstrap", Encoding.UTF8.GetBytes(bootstrap));
        return stream.ToArray();
    }

    public static void Add(ZipArchive zip, string name, byte[] content)
    {
        ZipArchiveEntry entry = zip.CreateEntry(name);
        entry.ExternalAttributes = 0x81ED << 16; // rwxr-xr-x
        using Stream file = entry.Open();
        file.Write(content);
    }

    /// <summary>Waits for its end; the first build compiles the bootstrap, and a project, to native code.</summary>
    public static async Task<BoxerResult> EndAsync(Boxer boxer)
    {
        await using (boxer)
            return await boxer.EndAsync(BuildDeadline);
    }

    public static string Example(string name)
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "BoxerMPI.sln")))
            folder = folder.Parent!;
        return Path.Combine(folder.FullName, "examples", name);
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        _watchdog.Dispose();
        _folder.Dispose();
    }

    private KeyValuePair<string, string?>[] Variables(string secret) =>
    [
        new("AWS_ENDPOINT_URL_LAMBDA", $"http://{_service.EndPoint}"), new("AWS_REGION", "us-east-1"), new("BOXER_LAMBDA_ROLE", Role),
        new("AWS_ACCESS_KEY_ID", Keys.AccessKey), new("AWS_SECRET_ACCESS_KEY", secret), new("AWS_SESSION_TOKEN", null),
    ];
}
