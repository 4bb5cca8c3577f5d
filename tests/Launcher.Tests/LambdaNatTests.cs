using System.Net;
using System.Text.Json;
using BoxerMpi.Aws;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;
using BoxerMpi.Functions;
using BoxerMpi.LambdaBootstrap;
using BoxerMpi.LambdaService;
using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.NatLab;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.Tests;

/// <summary>Functions behind NATs: each environment of the local Lambda service on a host of its own.</summary>
public sealed class LambdaNatTests
{
    private const string Token = "00112233445566778899aabbccddeeff";
    private static readonly Credentials Keys = new("AKIATESTTESTTESTTEST", "a/secret+key");
    private static readonly TimeSpan BuildDeadline = TimeSpan.FromMinutes(8);

    [Fact]
    public async Task Each_environment_is_behind_a_NAT_of_its_own_and_reaches_the_public_host()
    {
        RequireLab();
        using TemporaryFolder folder = new();
        string script = folder.File("where");
        await File.WriteAllTextAsync(script, "#!/bin/sh\nreadlink /proc/self/ns/net\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        // As many hosts as functions may run: an idle environment has to make room for one of another function.
        using Lab lab = Lab.Create(new LabOptions { Hosts = 2, Kinds = [GatewayKind.Cone, GatewayKind.Symmetric] });
        await using LocalLambda service = await LocalLambda.StartAsync(
            new LambdaServiceOptions { Credentials = Keys, Concurrency = 2, Networks = new LabNetworks(lab) });
        using LambdaClient lambda = new(new LambdaClientOptions
        {
            EndpointUrl = $"http://{service.EndPoint}",
            Region = "us-east-1",
            Credentials = (Keys.AccessKey, Keys.SecretKey, null),
        });
        await using Seed seed = lab.Seed.Run(() => Seed.Start(new SeedOptions { Listen = new IPEndPoint(Lab.SeedAddress, 0) }));
        foreach (string function in (string[])["one", "other", "one"])
        {
            await DeployAsync(service, script, function);
            Attendants attendants = new(2);
            SeedJob job = seed.AddJob(
                new JobSpec { JobId = "job", Token = Convert.FromHexString(Token), Size = 2, Attendance = attendants });
            InvocationResult[] results = await Task.WhenAll(
                Enumerable.Range(0, 2).Select(_ => lambda.InvokeAsync(Event(function, seed.EndPoint))));
            Assert.All(results, result => Assert.Null(result.Error));
            Assert.Equal(
                ["198.18.1.1", "198.18.1.2"], attendants.Addresses.Select(address => address.ToString()).Order(StringComparer.Ordinal));
            Assert.NotEqual(attendants.OutputOf(0), attendants.OutputOf(1));
            seed.RemoveJob(job);
        }

        // The service's API is at the same address on the public host.
        string there = lab.Seed.Run(() =>
        {
            using HttpClient client = new() { Timeout = Boxer.Deadline };
            using HttpResponseMessage answer = client.Send(
                new HttpRequestMessage(HttpMethod.Get, $"http://{service.EndPoint}/2015-03-31/functions"));
            return answer.Headers.GetValues("x-amzn-ErrorType").Single();
        });
        Assert.Equal("MissingAuthenticationTokenException", there);
    }

    [Fact]
    public async Task The_command_makes_the_NATs_and_leaves_nothing()
    {
        RequireLab();
        string prefix = $"s{Environment.ProcessId}";
        await using Boxer boxer = Boxer.StartWith([], "lambda", "serve", "--nat", "cone,remap", "--concurrency", "2", "--prefix", prefix);
        Assert.Contains("2 hosts, cone,remap", await boxer.Output.WaitForAsync("functions behind NATs: "), StringComparison.Ordinal);
        string exports = (await boxer.Output.WaitForAsync("use with: "))["use with: export ".Length..];
        await using Boxer list = Boxer.StartWith(
            exports.Split(' ').Select(one => one.Split('=', 2)).Select(one => new KeyValuePair<string, string?>(one[0], one[1])),
            ["natlab", "exec-seed", "--prefix", prefix, "--", Path.Combine(AppContext.BaseDirectory, "boxer"), "lambda", "list"]);
        (await list.EndAsync()).ExitsWith(0);
        boxer.Signal(NativeMethods.SigTerm);
        (await boxer.EndAsync()).ExitsWith(128 + NativeMethods.SigTerm);
        Assert.Null(LabRecords.Find(prefix));
    }

    [Fact]
    public async Task Too_many_functions_for_a_lab_are_told() =>
        Assert.Contains(
            "--concurrency '1001' is not a number from 1 to 1000",
            (await Boxer.RunAsync("lambda", "serve", "--nat", "cone", "--concurrency", "1001")).ExitsWith(2).Error[0],
            StringComparison.Ordinal);

    private static void RequireLab()
    {
        try
        {
            Lab.Require();
        }
        catch (LabException reason)
        {
            Assert.Skip($"{reason.Message}; {reason.Hint}");
        }
    }

    private static async Task DeployAsync(LocalLambda service, string program, string function)
    {
        await using Boxer boxer = Boxer.StartWith(
            [
                new("AWS_ENDPOINT_URL_LAMBDA", $"http://{service.EndPoint}"), new("AWS_REGION", "us-east-1"),
                new("AWS_ACCESS_KEY_ID", Keys.AccessKey), new("AWS_SECRET_ACCESS_KEY", Keys.SecretKey), new("AWS_SESSION_TOKEN", null),
            ],
            "lambda", "deploy", program, "--function", function, "--role", "arn:aws:iam::123456789012:role/boxer");
        (await boxer.EndAsync(BuildDeadline)).ExitsWith(0);
    }

    private static Invocation Event(string function, IPEndPoint seed)
    {
        RankRequest request = new()
        {
            Protocol = RankRequest.CurrentProtocol,
            Seed = seed.ToString(),
            Job = "job",
            Token = Token,
        };
        return new Invocation(function, JsonSerializer.SerializeToUtf8Bytes(request, MessagesJson.Default.RankRequest));
    }
}
