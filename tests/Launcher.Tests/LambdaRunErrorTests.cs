using BoxerMpi.Launcher.Tests.Support;

namespace BoxerMpi.Launcher.Tests;

/// <summary>What <c>boxer run --on lambda</c> says when it cannot, or only is to say what it would do.</summary>
public sealed class LambdaRunErrorTests
{
    [Fact]
    public async Task A_dry_run_tells_what_would_happen_and_does_nothing()
    {
        await using Cloud cloud = await Cloud.StartAsync();
        string[] lines =
            [.. (await cloud.RunAsync("-n", "8", "--spares", "2", "--dry-run", "--timeout", "60", cloud.Program)).ExitsWith(0).Output];
        Assert.Matches(
            "^function boxer-program \\(2048 MB, 900 s, (x86_64|arm64)\\) in us-east-1 is to be created, zip of [0-9.]+ MB$", lines[0]);
        Assert.Equal("10 invocations for 8 of 8 ranks, 250 a second; 2 of them spares", lines[1]);
        Assert.Matches(@"^costs \$0\.000[0-9]+ a second while all run, at most \$0\.0[0-9]+ in 60 s; \$0\.0000020 for the requests$", lines[2]);
        Assert.Empty((await cloud.BoxerAsync("lambda", "list")).ExitsWith(0).Output);
    }

    [Fact]
    public async Task A_coordinator_that_functions_do_not_reach_is_told_as_that()
    {
        await using Cloud cloud = await Cloud.StartAsync();
        BoxerResult result = await cloud.RunAsync(
            "-n", "2", "--seed-address", "127.0.0.1:1", "--listen", "127.0.0.1:0", cloud.Program, "hello");
        result.ExitsWith(1);
        Assert.Contains(result.Error, line => line.Contains(
            "Boxer.SeedUnreachable: The coordinator at 127.0.0.1:1 cannot be reached from the function", StringComparison.Ordinal));

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
        await cloud.CreateAsync("other-runtime", "provided.al2", Cloud.OursNow);
        await FailsAsync(
            cloud, 2, "function other-runtime runs provided.al2, and ranks need provided.al2023", "--no-deploy", "--function",
            "other-runtime", cloud.Program);

        // Its description says that it is right, and it is not.
        await cloud.CreateAsync("broken", "provided.al2023", Cloud.OursNow, Cloud.Zip("#!/bin/sh\nexit 3\n"));
        await FailsAsync(cloud, 1, "function broken answers Runtime.ExitError: ", "--no-deploy", "--function", "broken", cloud.Program);
    }

    [Fact]
    public async Task What_is_missing_or_wrong_on_the_command_line_is_told()
    {
        string large = new('x', 100_000);
        await FailsAsync(null, 2, "--seed-address is missing", "--on", "lambda", "--region", "us-east-1", Cloud.Puppet);
        await FailsAsync(null, 2, "--seed-address 'a b' is not an address", "--on", "lambda", "--seed-address", "a b", Cloud.Puppet);
        await FailsAsync(
            null, 2, "arguments and variables take 1.20 MB", ["--on", "lambda-local", Cloud.Puppet, .. Enumerable.Repeat(large, 12)]);
        await FailsAsync(null, 2, "--spares means nothing for ranks that run on local", "--spares", "2", Cloud.Puppet);
        await FailsAsync(
            null, 2, "--seed-address means nothing for ranks that run on lambda-local", "--on", "lambda-local", "--seed-address", "a",
            Cloud.Puppet);
        await FailsAsync(
            null, 2, "--concurrency means nothing for ranks that run on lambda", "--on", "lambda", "--concurrency", "4", Cloud.Puppet);
        await FailsAsync(null, 2, "--stdin means nothing for functions", "--on", "lambda-local", "--stdin", "all", Cloud.Puppet);
        await FailsAsync(null, 2, "the other ranks need the job's token", "--on", "lambda-local", "--functions", "1", Cloud.Puppet);
        await FailsAsync(null, 2, "--functions '3' is not a number from 1 to 2", "--on", "lambda-local", "--functions", "3", Cloud.Puppet);
        await FailsAsync(null, 2, "it is local, natlab, lambda or lambda-local", "--on", "moon", Cloud.Puppet);
        await FailsAsync(null, 2, "needs .NET, which functions of this runtime do not have", "--on", "lambda-local", Cloud.Puppet);
    }

    [Fact]
    public async Task Credentials_region_and_service_are_looked_for_before_anything_else()
    {
        KeyValuePair<string, string?>[] nothing =
        [
            new("AWS_REGION", null), new("AWS_DEFAULT_REGION", null), new("AWS_ACCESS_KEY_ID", null), new("AWS_SECRET_ACCESS_KEY", null),
            new("AWS_PROFILE", null),
            new("AWS_EC2_METADATA_DISABLED", "true"), new("AWS_CONFIG_FILE", "/dev/null"), new("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            new("HOME", "/nonexistent"),
        ];
        string[] run = ["run", "-n", "2", "--on", "lambda", "--seed-address", "192.0.2.1"];
        string[] there = ["--region", "us-east-1", "--endpoint-url", "http://127.0.0.1:1", Cloud.Example("Hello")];
        BoxerResult noRegion = (await Cloud.EndAsync(Boxer.StartWith(nothing, [.. run, Cloud.Example("Hello")]))).ExitsWith(1);
        Assert.StartsWith("boxer: No AWS region is set", noRegion.Error[0], StringComparison.Ordinal);
        BoxerResult noKeys = (await Cloud.EndAsync(Boxer.StartWith(nothing, [.. run, .. there]))).ExitsWith(1);
        Assert.StartsWith("boxer: No AWS credentials were found", noKeys.Error[0], StringComparison.Ordinal);
        BoxerResult nobody = (await Cloud.EndAsync(Boxer.StartWith(
            [.. nothing[4..], new("AWS_ACCESS_KEY_ID", "A"), new("AWS_SECRET_ACCESS_KEY", "B")], [.. run, .. there]))).ExitsWith(1);
        Assert.Contains("no answer from http://127.0.0.1:1", nobody.Error[0], StringComparison.Ordinal);
        await using Cloud cloud = await Cloud.StartAsync();
        BoxerResult denied = await cloud.WithSecretAsync("another", "run", "-n", "2", "--on", "lambda", cloud.Program);
        Assert.Contains("signature", denied.ExitsWith(1).Error[0], StringComparison.OrdinalIgnoreCase);
    }

    private static async Task FailsAsync(Cloud? cloud, int code, string message, params string[] arguments)
    {
        BoxerResult result = cloud is null
            ? await Cloud.EndAsync(Boxer.Start(["run", "-n", "2", .. arguments]))
            : await cloud.RunAsync(["-n", "2", .. arguments]);
        Assert.Contains(result.ExitsWith(code).Error, line => line.Contains(message, StringComparison.Ordinal));
    }
}
