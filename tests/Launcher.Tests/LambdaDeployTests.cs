using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BoxerMpi.Aws;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;
using BoxerMpi.LambdaBootstrap;
using BoxerMpi.LambdaService;
using BoxerMpi.Launcher.Tests.Support;

namespace BoxerMpi.Launcher.Tests;

/// <summary>Programs as functions: deployed to a local Lambda service by the command, invoked as ranks of a job.</summary>
public sealed class LambdaDeployTests
{
    private const string Role = "arn:aws:iam::123456789012:role/boxer";
    private const string Token = "00112233445566778899aabbccddeeff";

    // The first build compiles two programs to native code.
    private static readonly TimeSpan BuildDeadline = TimeSpan.FromMinutes(8);
    private static readonly Credentials Keys = new("AKIATESTTESTTESTTEST", "a/secret+key");

    internal static string Hello => Path.Combine(Repository, "examples", "Hello");

    private static string Repository
    {
        get
        {
            DirectoryInfo folder = new(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "BoxerMPI.sln")))
                folder = folder.Parent!;
            return folder.FullName;
        }
    }

    [Fact]
    public async Task A_deployed_program_runs_as_ranks_and_is_removed()
    {
        await using LocalLambda service = await LocalLambda.StartAsync(new LambdaServiceOptions { Credentials = Keys });
        await DeploysAsync(service, "created", "--memory", "1769");
        await DeploysAsync(service, "unchanged", "--memory", "1769");
        await DeploysAsync(service, "updated", "--memory", "3008");
        Assert.Contains(
            "hello  3008 MB  900 s", Assert.Single((await BoxerAsync(service, "lambda", "list")).ExitsWith(0).Output),
            StringComparison.Ordinal);

        using LambdaClient lambda = Client(service);

        // Twice, so that warm functions become ranks as well.
        for (int round = 0; round < 2; round++)
        {
            Attendants attendants = new(3);
            await using Seed seed = Seed.Start(new SeedOptions());
            SeedJob job = seed.AddJob(
                new JobSpec { JobId = "job", Token = Convert.FromHexString(Token), Size = 3, Attendance = attendants });
            InvocationResult[] results = await Task.WhenAll(
                Enumerable.Range(0, 4).Select(starter => lambda.InvokeAsync(Event(seed.EndPoint, starter))));
            await job.AllLeft.WaitAsync(TestContext.Current.CancellationToken);
            JsonElement[] ends = [.. results.Select(result => JsonSerializer.Deserialize<JsonElement>(result.Payload.Span))];
            Assert.All(results, result => Assert.Null(result.Error));
            JsonElement spare = Assert.Single(ends, end => end.GetProperty("outcome").GetString() == "rejected");
            Assert.Equal("the job has its 3 ranks", spare.GetProperty("reason").GetString());
            foreach (JsonElement end in ends.Where(end => end.GetProperty("outcome").GetString() == "ran"))
            {
                Assert.Equal(0, end.GetProperty("exitCode").GetInt32());
                Assert.False(end.GetProperty("outOfTime").GetBoolean());
                Assert.Equal($"rank {end.GetProperty("rank").GetInt32()} of 3: ranks add up to 3\n", end.GetProperty("output").GetString());
                Assert.Equal(end.GetProperty("output").GetString(), attendants.OutputOf(end.GetProperty("rank").GetInt32()));
            }

            Assert.Equal(3, attendants.Exits.Count);
            Assert.All(
                attendants.Exits.Values,
                exit => Assert.True(exit is { Code: 0, OutOfTime: false, PeakBytes: > 0 } && exit.Billed >= exit.Life));
            Assert.Empty(attendants.Lost);
            InvocationResult probed = await lambda.InvokeAsync(Event(seed.EndPoint, probe: true));
            Assert.Equal("probed", JsonSerializer.Deserialize<JsonElement>(probed.Payload.Span).GetProperty("outcome").GetString());
            await FailsAsync(lambda, "Boxer.WrongJob", "no job 'gone'", Event(seed.EndPoint, job: "gone"));
            await FailsAsync(lambda, "Boxer.BadToken", "was not proven", Event(seed.EndPoint, token: Token[2..] + "00"));
        }

        // Without a launcher, functions take the ranks that are free, beside ranks from elsewhere.
        await using (Boxer seed = Boxer.StartWith([new("BOXER_TOKEN", Token)], "seed", "--size", "2", "--job", "job"))
        {
            IPEndPoint address = IPEndPoint.Parse((await seed.Output.WaitForAsync("seed "))["seed ".Length..]);
            InvocationResult[] results = await Task.WhenAll(lambda.InvokeAsync(Event(address)), lambda.InvokeAsync(Event(address)));
            Assert.All(results, result => Assert.Null(result.Error));
            (await seed.EndAsync()).ExitsWith(0);
        }

        await FailsAsync(lambda, "Boxer.Payload", "lacks a coordinator", Raw("""{"protocol":2}"""));
        await FailsAsync(
            lambda, "Boxer.Payload", "lacks a coordinator", Raw("""{"protocol":2,"seed":"127.0.0.1:1","job":"job","token":"00","arguments":null}"""));
        await FailsAsync(lambda, "Boxer.Payload", "not a rank of a job", Raw("[]"));
        await FailsAsync(lambda, "Boxer.Payload", "cannot be used", Raw("""{"protocol":2,"seed":"there","job":"job","token":"00"}"""));
        await FailsAsync(lambda, "Boxer.Protocol", "deploy the function again", Raw("""{"protocol":1}"""));
        await FailsAsync(
            lambda, "Boxer.SeedUnreachable", "cannot be reached from the function",
            Event(new IPEndPoint(IPAddress.Loopback, 1), probe: true));

        await lambda.CreateFunctionAsync(new FunctionSpec("other", Role), FunctionCode.Of(Deployable()));
        Assert.Contains(
            "was not deployed by boxer", (await BoxerAsync(service, "lambda", "remove", "--function", "other")).ExitsWith(2).Error[0],
            StringComparison.Ordinal);
        Assert.Equal(["hello removed"], (await BoxerAsync(service, "lambda", "remove", "--function", "hello")).ExitsWith(0).Output);
        Assert.Contains(
            "there is no function hello", (await BoxerAsync(service, "lambda", "remove", "--function", "hello")).ExitsWith(2).Error[0],
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rank_in_a_function_hears_signals_and_ends_with_its_coordinator_or_its_time()
    {
        using TemporaryFolder folder = new();
        string script = folder.File("stubborn");
        await File.WriteAllTextAsync(script, """
            #!/bin/sh
            trap 'echo told; [ "$1" = obeys ] && exit 7' TERM
            setsid sleep 987 &
            printf 'sleeps as %s\nrank %s of %s\n' "$!" "$BOXER_RANK" "$BOXER_SIZE"
            while :; do sleep 0.05; done
            """);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using LocalLambda service = await LocalLambda.StartAsync(new LambdaServiceOptions { Credentials = Keys });
        (await BoxerAsync(service, "lambda", "deploy", script, "--function", "hello", "--role", Role, "--timeout", "3")).ExitsWith(0);
        using LambdaClient lambda = Client(service);

        Attendants attendants = new(3);
        await using Seed seed = Seed.Start(new SeedOptions());
        SeedJob job = seed.AddJob(new JobSpec { JobId = "job", Token = Convert.FromHexString(Token), Size = 3, Attendance = attendants });
        Task<InvocationResult> told = lambda.InvokeAsync(Event(seed.EndPoint, arguments: ["obeys"]));
        await attendants.WritesAsync(0).WaitAsync(TestContext.Current.CancellationToken);
        (await attendants.First.Task).Signal(15);
        Assert.Equal(7, JsonSerializer.Deserialize<JsonElement>((await told).Payload.Span).GetProperty("exitCode").GetInt32());
        Assert.Matches("^sleeps as [0-9]+\nrank 0 of 3\ntold\n$", attendants.OutputOf(0));

        JsonElement late = JsonSerializer.Deserialize<JsonElement>((await lambda.InvokeAsync(Event(seed.EndPoint))).Payload.Span);
        Assert.True(late.GetProperty("outOfTime").GetBoolean());
        Assert.Equal(137, late.GetProperty("exitCode").GetInt32());
        Assert.EndsWith("\nrank 1 of 3\ntold\n", attendants.OutputOf(1), StringComparison.Ordinal);
        Assert.True(attendants.Exits[1] is { OutOfTime: true, Code: 137 } && attendants.Exits[1].Life < TimeSpan.FromSeconds(3));

        Task<InvocationResult> orphan = lambda.InvokeAsync(Event(seed.EndPoint, arguments: ["obeys"]));
        await attendants.WritesAsync(2).WaitAsync(TestContext.Current.CancellationToken);
        seed.RemoveJob(job);
        FunctionError lost = (await orphan).Error!;
        Assert.Equal("Boxer.SeedLost", lost.Type);
        Assert.Contains("was lost while rank 2 ran here", lost.Message, StringComparison.Ordinal);
        Assert.Contains(
            "removed the job", await attendants.FirstLost.Task.WaitAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await ProcessList.GoneAsync(Enumerable.Range(0, 3).Select(rank => ProcessList.IdIn(attendants.OutputOf(rank).Split('\n')[0])));
    }

    [Fact]
    public async Task The_zip_is_what_amazon_linux_2023_can_run()
    {
        using TemporaryFolder folder = new();
        string zipFile = folder.File("function.zip");
        await using Boxer boxer = Boxer.StartWith(
            [new("AWS_REGION", "eu-north-1")], "lambda", "deploy", Hello, "--arch", "x86_64", "--dry-run", "--write-zip", zipFile);
        string shown = string.Join('\n', (await boxer.EndAsync(BuildDeadline)).ExitsWith(0).Output);
        Assert.Contains("function boxer-Hello in eu-north-1", shown, StringComparison.Ordinal);
        Assert.Contains("arn:aws:lambda:eu-north-1:*:function:boxer-Hello", shown, StringComparison.Ordinal);
        Assert.Contains("Runtime: provided.al2023", shown, StringComparison.Ordinal);

        using ZipArchive zip = ZipFile.OpenRead(zipFile);
        Assert.Equal(
            ["bootstrap", "boxer.json", "program/Hello"], zip.Entries.Select(entry => entry.FullName).Order(StringComparer.Ordinal));
        foreach (ZipArchiveEntry entry in zip.Entries.Where(entry => entry.Name != "boxer.json"))
        {
            Assert.NotEqual(0, (entry.ExternalAttributes >> 16) & 0x49);
            await using Stream stream = await entry.OpenAsync();
            using MemoryStream content = new();
            await stream.CopyToAsync(content);

            // Names of symbol versions stand in the file as text. Amazon Linux 2023 has glibc 2.34.
            int[] versions = [.. Regex.Matches(Encoding.Latin1.GetString(content.ToArray()), @"\bGLIBC_2\.(\d+)").Select(match => int.Parse(match.Groups[1].ValueSpan))];
            Assert.NotEmpty(versions);
            Assert.True(versions.Max() <= 34, $"{entry.FullName} needs GLIBC_2.{versions.Max()}");
        }
    }

    [Fact]
    public async Task A_program_that_cannot_be_native_brings_its_runtime_along()
    {
        await using LocalLambda service = await LocalLambda.StartAsync(new LambdaServiceOptions { Credentials = Keys });
        await DeploysAsync(service, "created", "--no-aot");
        using LambdaClient lambda = Client(service);
        Attendants attendants = new(1);
        await using Seed seed = Seed.Start(new SeedOptions());
        seed.AddJob(new JobSpec { JobId = "job", Token = Convert.FromHexString(Token), Size = 1, Attendance = attendants });
        Assert.Null((await lambda.InvokeAsync(Event(seed.EndPoint))).Error);
        Assert.Equal("rank 0 of 1: ranks add up to 0\n", attendants.OutputOf(0));
    }

    // Only when asked for (-explicit only): it takes Debian's clang, lld, gcc-aarch64-linux-gnu and libc6-dev-arm64-cross.
    [Fact(Explicit = true)]
    public async Task The_bootstrap_of_the_other_processor_is_compiled_here()
    {
        using TemporaryFolder folder = new();
        string zipFile = folder.File("function.zip");
        await using Boxer boxer = Boxer.StartWith(
            [new("AWS_REGION", "eu-north-1")], "lambda", "deploy", "/bin/true", "--arch", "arm64", "--dry-run", "--write-zip", zipFile);
        Assert.Contains(
            "Architectures: [arm64]", string.Join('\n', (await boxer.EndAsync(BuildDeadline)).ExitsWith(0).Output),
            StringComparison.Ordinal);
        using ZipArchive zip = ZipFile.OpenRead(zipFile);
        await using Stream stream = await zip.GetEntry("bootstrap")!.OpenAsync();
        byte[] header = new byte[20];
        await stream.ReadExactlyAsync(header);
        Assert.Equal((0x7F, (byte)'E', 183 /* AArch64 */), (header[0], header[1], header[18]));
    }

    [Theory]
    [InlineData("--arch 'sparc' is none of Lambda's", "--arch", "sparc")]
    [InlineData("--memory '12' is not a number from 128 to 10240", "--memory", "12")]
    [InlineData("--timeout '901' is not a number from 1 to 900", "--timeout", "901")]
    [InlineData("--function 'a b' is not a function's name", "--function", "a b")]
    [InlineData("--code 'there' is not a place in S3", "--code", "there")]
    [InlineData("--endpoint-url 'there' is not an address", "--endpoint-url", "there")]
    public async Task Bad_options_are_told(string message, params string[] options) =>
        Assert.Contains(
            message, (await Boxer.RunAsync(["lambda", "deploy", Hello, .. options])).ExitsWith(2).Error[0], StringComparison.Ordinal);

    [Fact]
    public async Task What_is_missing_is_told_in_time()
    {
        KeyValuePair<string, string?>[] nothing =
        [
            new("AWS_REGION", null), new("AWS_DEFAULT_REGION", null), new("AWS_ACCESS_KEY_ID", null), new("AWS_SECRET_ACCESS_KEY", null),
            new("AWS_PROFILE", null),
            new("AWS_EC2_METADATA_DISABLED", "true"), new("AWS_CONFIG_FILE", "/dev/null"), new("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            new("HOME", "/nonexistent"),
        ];
        await using Boxer noRegion = Boxer.StartWith(nothing, "lambda", "list");
        Assert.Contains("No AWS region is set", (await noRegion.EndAsync()).ExitsWith(1).Error[0], StringComparison.Ordinal);
        await using Boxer noKeys = Boxer.StartWith(
            nothing, "lambda", "list", "--region", "us-east-1", "--endpoint-url", "http://127.0.0.1:1");
        Assert.Contains("No AWS credentials were found", (await noKeys.EndAsync()).ExitsWith(1).Error[0], StringComparison.Ordinal);
        await using Boxer nobody = Boxer.StartWith(
            [.. nothing[4..], new("AWS_ACCESS_KEY_ID", "A"), new("AWS_SECRET_ACCESS_KEY", "B")], "lambda", "list", "--region", "us-east-1",
            "--endpoint-url", "http://127.0.0.1:1");
        Assert.Contains("no answer from http://127.0.0.1:1", (await nobody.EndAsync()).ExitsWith(1).Error[0], StringComparison.Ordinal);
        Assert.Contains("needs .NET, which functions of this runtime do not have", (await Boxer.RunAsync(
            "lambda", "deploy", typeof(LambdaDeployTests).Assembly.Location, "--region", "us-east-1",
            "--dry-run")).ExitsWith(2).Error[^2], StringComparison.Ordinal);
    }

    private static LambdaClient Client(LocalLambda service) => new(new LambdaClientOptions
    {
        EndpointUrl = $"http://{service.EndPoint}",
        Region = "us-east-1",
        Credentials = (Keys.AccessKey, Keys.SecretKey, null),
    });

    private static Invocation Event(
        IPEndPoint seed, int starter = 0, bool probe = false, string job = "job", string token = Token, params string[] arguments)
    {
        RankRequest request = new()
        {
            Protocol = RankRequest.CurrentProtocol,
            Seed = seed.ToString(),
            Job = job,
            Token = token,
            Starter = starter,
            Probe = probe,
            Arguments = arguments,
        };
        return new Invocation("hello", JsonSerializer.SerializeToUtf8Bytes(request, MessagesJson.Default.RankRequest));
    }

    private static Invocation Raw(string payload) => new("hello", Encoding.UTF8.GetBytes(payload));

    private static byte[] Deployable()
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            using Stream file = zip.CreateEntry("bootstrap").Open();
            file.Write("#!/bin/sh\n"u8);
        }

        return stream.ToArray();
    }

    private static async Task FailsAsync(LambdaClient lambda, string type, string message, Invocation invocation)
    {
        FunctionError error = (await lambda.InvokeAsync(invocation)).Error!;
        Assert.Equal(type, error.Type);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private static async Task DeploysAsync(LocalLambda service, string done, params string[] options)
    {
        BoxerResult result = await BoxerAsync(service, ["lambda", "deploy", Hello, "--function", "hello", "--role", Role, .. options]);
        Assert.StartsWith($"hello {done} (", Assert.Single(result.ExitsWith(0).Output), StringComparison.Ordinal);
    }

    private static async Task<BoxerResult> BoxerAsync(LocalLambda service, params string[] arguments)
    {
        await using Boxer boxer = Boxer.StartWith(
            [
                new("AWS_ENDPOINT_URL_LAMBDA", $"http://{service.EndPoint}"), new("AWS_REGION", "us-east-1"),
                new("AWS_ACCESS_KEY_ID", Keys.AccessKey), new("AWS_SECRET_ACCESS_KEY", Keys.SecretKey), new("AWS_SESSION_TOKEN", null),
            ],
            arguments);
        return await boxer.EndAsync(BuildDeadline);
    }
}
