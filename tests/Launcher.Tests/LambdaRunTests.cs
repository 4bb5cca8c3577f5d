using System.Text.Json;
using BoxerMpi.LambdaService;
using BoxerMpi.Launcher.NatLab;
using BoxerMpi.Launcher.Processes;
using BoxerMpi.Launcher.Tests.Support;

namespace BoxerMpi.Launcher.Tests;

/// <summary><c>boxer run --on lambda</c> and <c>--on lambda-local</c>: whole jobs of real functions on a local Lambda service.</summary>
public sealed class LambdaRunTests
{
    private const string Role = "arn:aws:iam::123456789012:role/boxer";

    // The first build compiles the bootstrap, and a project, to native code.
    private static readonly TimeSpan BuildDeadline = TimeSpan.FromMinutes(8);
    private static readonly Credentials Keys = new("AKIATESTTESTTESTTEST", "a/secret+key");
    private static readonly string Puppet = Path.Combine(AppContext.BaseDirectory, "Puppet.dll");

    [Fact]
    public async Task One_command_runs_a_project_on_a_service_of_its_own_and_leaves_nothing()
    {
        using TemporaryFolder folder = new();
        string report = folder.File("report.json");
        BoxerResult result = await EndAsync(Boxer.Start(
            "run", "-n", "8", "--on", "lambda-local", "--verbose", "--report", report, Example("HashJoin"), "--generate", "20000", "--verify"));
        result.ExitsWith(0);
        Assert.Contains(result.Output, line => line.Contains("verified", StringComparison.OrdinalIgnoreCase));
        Assert.Contains(result.Error, line => line.StartsWith("boxer: function boxer-HashJoin created (2048 MB, 900 s, ", StringComparison.Ordinal));
        Assert.Contains(result.Error, line => line.StartsWith("boxer: 8 functions run, ", StringComparison.Ordinal));
        Assert.Contains(result.Error, line => line.StartsWith("boxer: functions are ", StringComparison.Ordinal));
        Assert.Matches(@"^boxer: 8 functions of 2048 MB: 8 requests; [0-9.]+ GB-s, about \$0\.[0-9]+ on Lambda \(prices of [0-9-]+\)$", result.Error[^1]);

        using JsonDocument json = JsonDocument.Parse(await File.ReadAllBytesAsync(report, TestContext.Current.CancellationToken));
        JsonElement functions = json.RootElement.GetProperty("functions");
        Assert.Equal(("boxer-HashJoin", 8, 8), (functions.GetProperty("name").GetString(), functions.GetProperty("ranks").GetInt32(), functions.GetProperty("requests").GetInt32()));
        Assert.True(functions.GetProperty("gigabyteSeconds").GetDouble() > 0);
        Assert.InRange(functions.GetProperty("dollars").GetDouble(), 8 * 0.2e-6, 1);
        foreach (JsonElement rank in json.RootElement.GetProperty("ranks").EnumerateArray())
        {
            Assert.Equal(36, rank.GetProperty("requestId").GetString()!.Length);
            Assert.True(rank.GetProperty("maxResidentBytes").GetInt64() > 1_000_000);
            Assert.True(rank.GetProperty("bytesSent").GetInt64() > 0);
            Assert.False(rank.TryGetProperty("pid", out _));
        }
    }

    [Fact]
    public async Task Functions_behind_NATs_of_two_kinds_link_by_punching()
    {
        try
        {
            Lab.Require();
        }
        catch (LabException reason)
        {
            Assert.Skip($"{reason.Message}; {reason.Hint}");
        }

        BoxerResult result = await EndAsync(Boxer.Start(
            "run", "-n", "8", "--on", "lambda-local", "--nat", "cone,remap", "--spares", "2", "--verbose", Example("HashJoin"), "--generate", "20000", "--verify"));
        result.ExitsWith(0);
        Assert.Contains(result.Output, line => line.Contains("verified", StringComparison.Ordinal));
        Assert.Contains(result.Error, line => line.StartsWith("boxer: functions are hosts behind NATs of this machine: 12 hosts, cone,remap", StringComparison.Ordinal));
        Assert.Contains(result.Error, line => line.StartsWith("boxer: NATs: ", StringComparison.Ordinal) && !line.Contains("none", StringComparison.Ordinal));
        Assert.Contains(result.Error, line => line.Contains("punched", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Jobs_on_a_service_deploy_once_tag_output_take_spares_and_tell_the_cost()
    {
        await using Cloud cloud = await Cloud.StartAsync();
        BoxerResult first = await cloud.RunAsync("-n", "3", "--spares", "2", "--memory", "1769", cloud.Program, "hello");
        first.ExitsWith(0);
        for (int rank = 0; rank < 3; rank++)
            Assert.Contains($"rank {rank} of 3", first.OutputOf(rank));
        Assert.Contains(first.Error, line => line.StartsWith("boxer: function boxer-program created (1769 MB", StringComparison.Ordinal));
        Assert.Contains(first.Error, line => line.EndsWith("after the first invocation (5 invoked)", StringComparison.Ordinal));

        // The second finds it deployed, with the memory it had, and its functions warm.
        BoxerResult second = await cloud.RunAsync("-n", "3", "--no-tag", cloud.Program, "hello");
        second.ExitsWith(0);
        Assert.Contains(second.Error, line => line.StartsWith("boxer: function boxer-program unchanged (1769 MB", StringComparison.Ordinal));
        Assert.Contains("rank 2 of 3", second.Output);

        // Nothing is built or deployed, and nothing is said.
        Assert.Empty((await cloud.RunAsync("-n", "2", "--quiet", "--no-deploy", cloud.Program, "hello")).ExitsWith(0).Error);
        await cloud.IdleAsync();
    }

    [Fact]
    public async Task Failures_are_those_of_local_ranks()
    {
        await using Cloud cloud = await Cloud.StartAsync();
        BoxerResult thrown = await cloud.RunAsync("-n", "3", cloud.Program, "throw", "1");
        thrown.ExitsWith(1);
        Assert.Contains(thrown.Error, line => line.StartsWith("boxer: rank 1 failed: System.InvalidOperationException: the puppet's error", StringComparison.Ordinal));
        Assert.Contains(thrown.ErrorOf(1), line => line.Contains("the puppet's error", StringComparison.Ordinal));

        BoxerResult killed = await cloud.RunAsync("-n", "3", cloud.Program, "die", "2");
        killed.ExitsWith(137);
        Assert.Contains("boxer: rank 2 was killed by SIGKILL (exit code 137)", killed.Error);
        Assert.Contains(killed.Error, line => line.Contains("ended along with the job", StringComparison.Ordinal));

        (await cloud.RunAsync("-n", "2", cloud.Script, "exit 3")).ExitsWith(3);
        BoxerResult early = await cloud.RunAsync("-n", "3", cloud.Program, "before", "1");
        early.ExitsWith(6);
        Assert.Contains(early.Error, line => line.StartsWith("boxer: rank 1 exited with code 6", StringComparison.Ordinal));
        await cloud.IdleAsync();
    }

    [Fact]
    public async Task A_function_that_dies_in_the_middle_ends_the_job_and_all_its_functions()
    {
        await using Cloud cloud = await Cloud.StartAsync();
        using TemporaryFolder folder = new();
        await using Boxer boxer = cloud.Start("-n", "3", cloud.Program, "until", folder.File("never"));
        List<int> processes = [];
        for (int rank = 0; rank < 3; rank++)
            processes.Add(ProcessList.IdIn(await boxer.Output.WaitForAsync($"[{rank}] pid ")));

        // The whole function, bootstrap included, as a service that takes an environment away.
        int bootstrap = Parent(processes[1]);
        Assert.Equal(0, NativeMethods.Kill(bootstrap, NativeMethods.SigKill));
        _ = NativeMethods.Kill(processes[1], NativeMethods.SigKill);
        BoxerResult result = await boxer.EndAsync();
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(result.Error, line => line.StartsWith("boxer: rank 1 was lost with its function (", StringComparison.Ordinal));
        await ProcessList.GoneAsync(processes);
        await cloud.IdleAsync();
    }

    [Theory]
    [InlineData(NativeMethods.SigInt)]
    [InlineData(NativeMethods.SigKill)]
    public async Task A_signal_to_the_launcher_reaches_every_function(int signal)
    {
        await using Cloud cloud = await Cloud.StartAsync();
        await using Boxer boxer = cloud.Start("-n", "2", cloud.Program, "hang", "0");
        int[] processes = [ProcessList.IdIn(await boxer.Output.WaitForAsync("[0] pid ")), ProcessList.IdIn(await boxer.Output.WaitForAsync("[1] pid "))];
        boxer.Signal(signal);
        Assert.Equal(128 + signal, (await boxer.EndAsync()).ExitCode);
        await ProcessList.GoneAsync(processes);
        await cloud.IdleAsync();
    }

    [Fact]
    public async Task The_time_of_the_job_and_that_of_the_functions_end_it()
    {
        await using Cloud cloud = await Cloud.StartAsync();
        BoxerResult late = await cloud.RunAsync("-n", "2", "--timeout", "2", "--grace", "1", cloud.Script, "exec sleep 100");
        late.ExitsWith(124);
        Assert.Contains(late.Error, line => line.Contains("rank 1: running, has not joined the job, request ", StringComparison.Ordinal));

        BoxerResult wall = await cloud.RunAsync("-n", "2", "--function-timeout", "4", cloud.Script, "exec sleep 100");
        wall.ExitsWith(143);
        Assert.Contains(wall.Error, line => line.Contains("the time of its function was over", StringComparison.Ordinal));
        await cloud.IdleAsync();
    }

    [Fact]
    public async Task Too_few_functions_at_once_are_told_in_time()
    {
        await using Cloud cloud = await Cloud.StartAsync(concurrency: 4);
        BoxerResult result = await cloud.RunAsync("-n", "6", "--start-timeout", "3", cloud.Program, "hello");
        result.ExitsWith(1);
        Assert.Contains(result.Error, line => line.StartsWith("boxer: only 4 of 6 functions came within 3 s (--start-timeout); missing: ranks 4, 5. ", StringComparison.Ordinal)
            && line.Contains("limit of concurrent functions is below 6", StringComparison.Ordinal));

        // As many as there is room for.
        (await cloud.RunAsync("-n", "4", cloud.Program, "hello")).ExitsWith(0);
        await cloud.IdleAsync();
    }

    [Fact]
    public async Task Other_ranks_join_a_job_of_functions()
    {
        await using Cloud cloud = await Cloud.StartAsync();
        using TemporaryFolder folder = new();
        string token = folder.File("token");
        await using Boxer boxer = cloud.Start("-n", "3", "--functions", "2", "--token-file", token, cloud.Program, "hello");
        string hint = await boxer.Error.WaitForAsync("waiting for one more rank: boxer rank --seed ");
        string[] join = hint[(hint.IndexOf("boxer rank ", StringComparison.Ordinal) + "boxer ".Length)..].Split(' ')[..^1];
        await using Boxer other = Boxer.Start([.. join, Puppet, "hello"]);
        Assert.Equal("rank 2 of 3", (await other.EndAsync()).ExitsWith(0).Output[^1]);
        BoxerResult result = (await boxer.EndAsync(BuildDeadline)).ExitsWith(0);
        Assert.Contains("[0] rank 0 of 3", result.Output);
        Assert.Contains("[1] rank 1 of 3", result.Output);
    }

    [Fact]
    public async Task A_dry_run_tells_what_would_happen_and_does_nothing()
    {
        await using Cloud cloud = await Cloud.StartAsync();
        string[] lines = [.. (await cloud.RunAsync("-n", "8", "--spares", "2", "--dry-run", "--timeout", "60", cloud.Program)).ExitsWith(0).Output];
        Assert.Matches("^function boxer-program \\(2048 MB, 900 s, (x86_64|arm64)\\) in us-east-1 is to be created, zip of [0-9.]+ MB$", lines[0]);
        Assert.Equal("10 invocations for 8 of 8 ranks, 250 a second; 2 of them spares", lines[1]);
        Assert.Matches(@"^costs \$0\.000[0-9]+ a second while all run, at most \$0\.0[0-9]+ in 60 s; \$0\.0000020 for the requests$", lines[2]);
        Assert.Empty((await cloud.BoxerAsync("lambda", "list")).ExitsWith(0).Output);
    }

    [Fact]
    public async Task A_coordinator_that_functions_do_not_reach_is_told_as_that()
    {
        await using Cloud cloud = await Cloud.StartAsync();
        BoxerResult result = await cloud.RunAsync("-n", "2", "--seed-address", "127.0.0.1:1", "--listen", "127.0.0.1:0", cloud.Program, "hello");
        result.ExitsWith(1);
        Assert.Contains(result.Error, line => line.Contains("Boxer.SeedUnreachable: The coordinator at 127.0.0.1:1 cannot be reached from the function", StringComparison.Ordinal));

        // Another coordinator answers there: it has another job.
        await using Boxer seed = Boxer.Start("seed", "--size", "2");
        string address = (await seed.Output.WaitForAsync("seed "))["seed ".Length..];
        BoxerResult wrong = await cloud.RunAsync("-n", "2", "--seed-address", address, "--listen", "127.0.0.1:0", cloud.Program, "hello");
        wrong.ExitsWith(1);
        Assert.Contains(wrong.Error, line => line.Contains("The coordinator has no job", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Functions_that_cannot_be_ranks_are_told()
    {
        await using Cloud cloud = await Cloud.StartAsync();
        await FailsAsync(cloud, 2, "there is no function missing in us-east-1", "--no-deploy", "--function", "missing", cloud.Program);
        await cloud.CreateAsync("foreign", "provided.al2023", "somebody's");
        await FailsAsync(cloud, 2, "function foreign in us-east-1 was not deployed by boxer", "--function", "foreign", cloud.Program);
        await cloud.CreateAsync("older", "provided.al2023", "boxer: program, protocol 1");
        await FailsAsync(cloud, 2, "function older was deployed for protocol 1", "--no-deploy", "--function", "older", cloud.Program);
        await cloud.CreateAsync("other-runtime", "provided.al2", "boxer: program, protocol 2");
        await FailsAsync(cloud, 2, "function other-runtime runs provided.al2, and ranks need provided.al2023", "--no-deploy", "--function", "other-runtime", cloud.Program);

        // Its description says that it is right, and it is not.
        await cloud.CreateAsync("broken", "provided.al2023", "boxer: program, protocol 2", "#!/bin/sh\nexit 3\n");
        await FailsAsync(cloud, 1, "function broken answers Runtime.ExitError: ", "--no-deploy", "--function", "broken", cloud.Program);
    }

    [Fact]
    public async Task What_is_missing_or_wrong_on_the_command_line_is_told()
    {
        string large = new('x', 100_000);
        await FailsAsync(null, 2, "--seed-address is missing", "--on", "lambda", "--region", "us-east-1", Puppet);
        await FailsAsync(null, 2, "--seed-address 'a b' is not an address", "--on", "lambda", "--seed-address", "a b", Puppet);
        await FailsAsync(null, 2, "arguments and variables take 1.20 MB", ["--on", "lambda-local", Puppet, .. Enumerable.Repeat(large, 12)]);
        await FailsAsync(null, 2, "--spares means nothing for ranks that run on local", "--spares", "2", Puppet);
        await FailsAsync(null, 2, "--seed-address means nothing for ranks that run on lambda-local", "--on", "lambda-local", "--seed-address", "a", Puppet);
        await FailsAsync(null, 2, "--concurrency means nothing for ranks that run on lambda", "--on", "lambda", "--concurrency", "4", Puppet);
        await FailsAsync(null, 2, "--stdin means nothing for functions", "--on", "lambda-local", "--stdin", "all", Puppet);
        await FailsAsync(null, 2, "the other ranks need the job's token", "--on", "lambda-local", "--functions", "1", Puppet);
        await FailsAsync(null, 2, "--functions '3' is not a number from 1 to 2", "--on", "lambda-local", "--functions", "3", Puppet);
        await FailsAsync(null, 2, "it is local, natlab, lambda or lambda-local", "--on", "moon", Puppet);
        await FailsAsync(null, 2, "needs .NET, which functions of this runtime do not have", "--on", "lambda-local", Puppet);
    }

    [Fact]
    public async Task Credentials_region_and_service_are_looked_for_before_anything_else()
    {
        KeyValuePair<string, string?>[] nothing =
        [
            new("AWS_REGION", null), new("AWS_DEFAULT_REGION", null), new("AWS_ACCESS_KEY_ID", null), new("AWS_SECRET_ACCESS_KEY", null), new("AWS_PROFILE", null),
            new("AWS_EC2_METADATA_DISABLED", "true"), new("AWS_CONFIG_FILE", "/dev/null"), new("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"), new("HOME", "/nonexistent"),
        ];
        string[] run = ["run", "-n", "2", "--on", "lambda", "--seed-address", "192.0.2.1"];
        string[] there = ["--region", "us-east-1", "--endpoint-url", "http://127.0.0.1:1", Example("Hello")];
        BoxerResult noRegion = (await EndAsync(Boxer.StartWith(nothing, [.. run, Example("Hello")]))).ExitsWith(1);
        Assert.StartsWith("boxer: No AWS region is set", noRegion.Error[0], StringComparison.Ordinal);
        BoxerResult noKeys = (await EndAsync(Boxer.StartWith(nothing, [.. run, .. there]))).ExitsWith(1);
        Assert.StartsWith("boxer: No AWS credentials were found", noKeys.Error[0], StringComparison.Ordinal);
        BoxerResult nobody = (await EndAsync(Boxer.StartWith(
            [.. nothing[4..], new("AWS_ACCESS_KEY_ID", "A"), new("AWS_SECRET_ACCESS_KEY", "B")], [.. run, .. there]))).ExitsWith(1);
        Assert.Contains("no answer from http://127.0.0.1:1", nobody.Error[0], StringComparison.Ordinal);
        await using Cloud cloud = await Cloud.StartAsync();
        BoxerResult denied = await cloud.WithSecretAsync("another", "run", "-n", "2", "--on", "lambda", cloud.Program);
        Assert.Contains("signature", denied.ExitsWith(1).Error[0], StringComparison.OrdinalIgnoreCase);
    }

    private static async Task FailsAsync(Cloud? cloud, int code, string message, params string[] arguments)
    {
        BoxerResult result = cloud is null
            ? await EndAsync(Boxer.Start(["run", "-n", "2", .. arguments]))
            : await cloud.RunAsync(["-n", "2", .. arguments]);
        Assert.Contains(result.ExitsWith(code).Error, line => line.Contains(message, StringComparison.Ordinal));
    }

    private static async Task<BoxerResult> EndAsync(Boxer boxer)
    {
        await using (boxer)
            return await boxer.EndAsync(BuildDeadline);
    }

    private static string Example(string name)
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "BoxerMPI.sln")))
            folder = folder.Parent!;
        return Path.Combine(folder.FullName, "examples", name);
    }

    private static int Parent(int process)
    {
        string stat = File.ReadAllText($"/proc/{process}/stat");
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>A local Lambda service, and programs that are functions without being compiled: shells that this machine has.</summary>
    private sealed class Cloud : IAsyncDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly LocalLambda _service;

        private Cloud(LocalLambda service)
        {
            _service = service;
            string dotnet = Path.Combine(Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "../../..")), "dotnet");
            Program = _folder.Script("program", $"#!/bin/sh\nexec {dotnet} {Puppet} \"$@\"\n");
            Script = _folder.Script("script", "#!/bin/sh\neval \"$1\"\n");
        }

        /// <summary>The puppet.</summary>
        public string Program { get; }

        /// <summary>Does what its argument says.</summary>
        public string Script { get; }

        public static async Task<Cloud> StartAsync(int concurrency = 1000) =>
            new(await LocalLambda.StartAsync(new LambdaServiceOptions
            {
                Credentials = Keys,
                Concurrency = concurrency,

                // The programs are files of the tests, which may lie below /tmp.
                Isolate = false,
            }));

        public Boxer Start(params string[] arguments) => Boxer.StartWith(Variables(Keys.SecretKey), ["run", "--on", "lambda", .. arguments]);

        public Task<BoxerResult> RunAsync(params string[] arguments) => EndAsync(Start(arguments));

        public Task<BoxerResult> BoxerAsync(params string[] arguments) => WithSecretAsync(Keys.SecretKey, arguments);

        public Task<BoxerResult> WithSecretAsync(string secret, params string[] arguments) => EndAsync(Boxer.StartWith(Variables(secret), arguments));

        public async Task CreateAsync(string name, string runtime, string description, string bootstrap = "#!/bin/sh\n")
        {
            using BoxerMpi.Aws.LambdaClient lambda = new(new BoxerMpi.Aws.LambdaClientOptions
            {
                EndpointUrl = $"http://{_service.EndPoint}",
                Region = "us-east-1",
                Credentials = (Keys.AccessKey, Keys.SecretKey, null),
            });
            using MemoryStream stream = new();
            using (System.IO.Compression.ZipArchive zip = new(stream, System.IO.Compression.ZipArchiveMode.Create, leaveOpen: true))
            {
                System.IO.Compression.ZipArchiveEntry entry = zip.CreateEntry("bootstrap");
                entry.ExternalAttributes = 0x81ED << 16;
                await using Stream file = await entry.OpenAsync();
                await file.WriteAsync(System.Text.Encoding.UTF8.GetBytes(bootstrap));
            }

            await lambda.CreateFunctionAsync(
                new BoxerMpi.Aws.FunctionSpec(name, Role) { Runtime = runtime, Description = description }, BoxerMpi.Aws.FunctionCode.Of(stream.ToArray()));
        }

        /// <summary>Waits until no function runs; warm ones are frozen.</summary>
        public Task IdleAsync() => ProcessList.UntilAsync(() => _service.Running == 0, () => $"{_service.Running} functions still run");

        public async ValueTask DisposeAsync()
        {
            await _service.DisposeAsync();
            _folder.Dispose();
        }

        private KeyValuePair<string, string?>[] Variables(string secret) =>
        [
            new("AWS_ENDPOINT_URL_LAMBDA", $"http://{_service.EndPoint}"), new("AWS_REGION", "us-east-1"), new("BOXER_LAMBDA_ROLE", Role),
            new("AWS_ACCESS_KEY_ID", Keys.AccessKey), new("AWS_SECRET_ACCESS_KEY", secret), new("AWS_SESSION_TOKEN", null),
        ];
    }
}
