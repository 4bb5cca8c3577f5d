using System.Text;
using BoxerMpi.LambdaService.Tests.Support;

namespace BoxerMpi.Aws.Tests;

/// <summary>The client against the local service, which checks the signature of every request.</summary>
public class LambdaClientTests
{
    [Fact]
    public async Task A_function_is_created_found_changed_listed_and_deleted()
    {
        await using Service service = await Service.StartAsync();
        Assert.Null(await service.Client.FindFunctionAsync("one"));
        FunctionSpec spec = new("one", Service.Role)
        {
            Handler = "echo",
            Description = "with \"quotes\" and ü",
            MemoryMegabytes = 1769,
            Timeout = TimeSpan.FromSeconds(77),
            Variables = new Dictionary<string, string> { ["COLOUR"] = "blue" },
        };
        FunctionInfo created = await service.Client.CreateFunctionAsync(spec, FunctionCode.Of(Zip.Shell));
        Assert.False(created.IsReady);
        FunctionInfo found = await service.Client.WaitUntilReadyAsync("one", TimeSpan.FromSeconds(60));
        Assert.Equal("arn:aws:lambda:eu-central-1:123456789012:function:one", found.Arn);
        Assert.Equal(
            (1769, 77.0, "x86_64", "blue"),
            (found.MemoryMegabytes, found.Timeout.TotalSeconds, found.Architecture, found.Variables["COLOUR"]));
        Assert.Equal(spec.Description, found.Description);
        Assert.Equal(Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(Zip.Shell)), found.CodeSha256);

        await service.Client.UpdateFunctionConfigurationAsync(spec with { Handler = "tell" });
        await service.Client.UpdateFunctionCodeAsync("one", FunctionCode.Of(Zip.Shell), "x86_64");
        await service.Client.SetEventRetriesAsync("one", 0, TimeSpan.FromMinutes(1));
        Assert.Equal("one", Assert.Single(await service.Client.ListFunctionsAsync()).Name);
        await service.Client.DeleteFunctionAsync(found.Arn);
        Assert.Empty(await service.Client.ListFunctionsAsync());
    }

    [Fact]
    public async Task Lists_are_read_to_their_end()
    {
        await using Service service = await Service.StartAsync();
        string[] names = [.. Enumerable.Range(0, 53).Select(i => $"f{i:D2}")];
        await Task.WhenAll(
            names.Select(name => service.Client.CreateFunctionAsync(new FunctionSpec(name, Service.Role), FunctionCode.Of(Zip.Shell))));
        Assert.Equal(names, (await service.Client.ListFunctionsAsync()).Select(function => function.Name));
    }

    [Fact]
    public async Task An_invocation_gives_the_answer_and_the_end_of_the_log()
    {
        await using Service service = await Service.StartAsync();
        FunctionInfo function = await service.CreateAsync("tell", "tell");
        InvocationResult told = await service.Client.InvokeAsync(
            new Invocation(function.Arn, default) { WithLog = true, Qualifier = "$LATEST" });
        Assert.Null(told.Error);
        Assert.Equal("\"told\"", Encoding.UTF8.GetString(told.Payload.Span).Trim());
        Assert.Contains("to standard error", told.Log, StringComparison.Ordinal);
        Assert.Contains(told.RequestId, told.Log, StringComparison.Ordinal);

        await service.CreateAsync("echo", "echo");
        byte[] large = Encoding.UTF8.GetBytes($"\"{new string('x', 6 * 1024 * 1024 - 2)}\"");
        Assert.True((await service.Client.InvokeAsync(new Invocation("echo", large))).Payload.Span.SequenceEqual(large));
    }

    [Fact]
    public async Task An_event_is_accepted_and_runs()
    {
        TaskCompletionSource<string> ran = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using Service service = await Service.StartAsync(options => options with
        {
            Log = line =>
            {
                if (line.EndsWith("succeeded", StringComparison.Ordinal))
                    ran.TrySetResult(line);
            },
        });
        await service.CreateAsync("echo", "echo");
        InvocationResult accepted = await service.Client.InvokeAsync(
            new Invocation("echo", "{}"u8.ToArray()) { Kind = InvocationKind.Event });
        Assert.True(accepted.Payload.IsEmpty);
        Assert.Contains(accepted.RequestId, await ran.Task.WaitAsync(TimeSpan.FromSeconds(60)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_function_that_fails_is_a_result()
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("fail", "fail");
        FunctionError error = (await service.Client.InvokeAsync(new Invocation("fail", default))).Error!;
        Assert.Equal(("My.Error", "as asked"), (error.Type, error.Message));
        Assert.Equal(["here"], error.StackTrace);
        await service.CreateAsync("exit", "exit");
        Assert.Equal("Runtime.ExitError", (await service.Client.InvokeAsync(new Invocation("exit", default))).Error!.Type);
    }

    [Fact]
    public async Task A_function_that_never_becomes_ready_is_told()
    {
        await using Service service = await Service.StartAsync(options => options with { ActivationDelay = TimeSpan.FromHours(1) });
        await service.Client.CreateFunctionAsync(new FunctionSpec("one", Service.Role), FunctionCode.Of(Zip.Shell));
        LambdaException late = await Assert.ThrowsAsync<LambdaException>(
            () => service.Client.WaitUntilReadyAsync("one", TimeSpan.FromMilliseconds(1)));
        Assert.Equal(LambdaFailure.Conflict, late.Failure);
        Assert.Contains("state Pending", late.Message, StringComparison.Ordinal);
        Assert.Equal(
            LambdaFailure.Conflict,
            (await Assert.ThrowsAsync<LambdaException>(() => service.Client.InvokeAsync(new Invocation("one", default)))).Failure);
    }

    [Fact]
    public async Task Errors_are_told_apart()
    {
        await using Service service = await Service.StartAsync(options => options with { Concurrency = 1 });
        await service.CreateAsync("hang", "hang");
        LambdaException missing = await Assert.ThrowsAsync<LambdaException>(
            () => service.Client.InvokeAsync(new Invocation("nobody", default)));
        Assert.Equal((LambdaFailure.NotFound, "ResourceNotFoundException", false), (missing.Failure, missing.Code, missing.MayHaveRun));
        Assert.Contains("Invoke of nobody: Function not found: arn:aws:lambda:", missing.Message, StringComparison.Ordinal);

        LambdaException large = await Assert.ThrowsAsync<LambdaException>(
            () => service.Client.InvokeAsync(new Invocation("hang", new byte[6 * 1024 * 1024 + 1])));
        Assert.Equal(LambdaFailure.TooLarge, large.Failure);
        LambdaException wrong = await Assert.ThrowsAsync<LambdaException>(
            () => service.Client.CreateFunctionAsync(new FunctionSpec("two", "me"), FunctionCode.Of(Zip.Shell)));
        Assert.Equal(LambdaFailure.Invalid, wrong.Failure);
        LambdaException taken = await Assert.ThrowsAsync<LambdaException>(
            () => service.Client.CreateFunctionAsync(new FunctionSpec("hang", Service.Role), FunctionCode.Of(Zip.Shell)));
        Assert.Equal(LambdaFailure.Conflict, taken.Failure);
        LambdaException bucket = await Assert.ThrowsAsync<LambdaException>(
            () => service.Client.UpdateFunctionCodeAsync("hang", FunctionCode.InS3("b", "k"), "x86_64"));
        Assert.Equal(LambdaFailure.Invalid, bucket.Failure);

        using LambdaClient stranger = new(service.Options with { Credentials = ("AKIATESTTESTTESTTEST", "wrong", "a/session+token==") });
        LambdaException denied = await Assert.ThrowsAsync<LambdaException>(() => stranger.FindFunctionAsync("hang"));
        Assert.Equal((LambdaFailure.Denied, "InvalidSignatureException"), (denied.Failure, denied.Code));
    }
}
