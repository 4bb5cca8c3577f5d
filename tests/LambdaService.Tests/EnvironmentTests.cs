using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using BoxerMpi.LambdaService.Tests.Support;

namespace BoxerMpi.LambdaService.Tests;

/// <summary>The life of environments: concurrency, isolation, freezing, reaping, and that none is left behind.</summary>
public class EnvironmentTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Callers_above_the_limit_are_throttled_and_events_wait()
    {
        using TemporaryFile gate = new();
        using SemaphoreSlim finished = new(0);
        await using Service service = await Service.StartAsync(options => options with
        {
            Concurrency = 2,
            Log = line =>
            {
                if (line.Contains("succeeded", StringComparison.Ordinal))
                    finished.Release();
            },
        });
        JsonObject variables = new() { ["GATE"] = gate.Path };
        await service.CreateAsync("wait", variables: variables);
        Task<Answer>[] running = await FillAsync(service, "wait", limit: 2, "ConcurrentInvocationLimitExceeded");

        // Accepted although there is no room; it runs when there is.
        (await service.InvokeAsync("wait", "{}", ("X-Amz-Invocation-Type", "Event"))).Is(HttpStatusCode.Accepted);
        await File.WriteAllTextAsync(gate.Path, "");
        foreach (Answer answer in await Task.WhenAll(running))
            Assert.Equal("\"waited\"", answer.Text.Trim());
        for (int i = 0; i < 3; i++)
            Assert.True(await finished.WaitAsync(Deadline), $"only {i} invocations were done in time");
    }

    [Fact]
    public async Task A_service_may_end_while_an_environment_starts()
    {
        using TemporaryFile mark = new();
        Service service = await Service.StartAsync();
        await service.CreateAsync("init-second", variables: new() { ["MARK"] = mark.Path });
        (await service.InvokeAsync("init-second", "{}", ("X-Amz-Invocation-Type", "Event"))).Is(HttpStatusCode.Accepted);
        using CancellationTokenSource late = new(Deadline);
        using PeriodicTimer look = new(TimeSpan.FromMilliseconds(10));
        while (!File.Exists(mark.Path))
            await look.WaitForNextTickAsync(late.Token);
        await service.DisposeAsync();
    }

    [Fact]
    public async Task A_reservation_is_a_limit_as_well()
    {
        using TemporaryFile gate = new();
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("wait", variables: new() { ["GATE"] = gate.Path });
        await service.CreateAsync("echo");
        (await service.Client.SendAsync(HttpMethod.Put, "/2017-10-31/functions/wait/concurrency", new JsonObject { ["ReservedConcurrentExecutions"] = 1 })).Is(HttpStatusCode.OK);
        Task<Answer>[] running = await FillAsync(service, "wait", limit: 1, "ReservedFunctionConcurrentInvocationLimitExceeded");
        (await service.InvokeAsync("echo")).Is(HttpStatusCode.OK);
        await File.WriteAllTextAsync(gate.Path, "");
        (await running[0]).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Many_run_at_once_each_in_its_own_environment()
    {
        using TemporaryFile gate = new();
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("count");
        Answer[] answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => service.InvokeAsync("count")));
        foreach (IGrouping<int, Answer> environment in answers.GroupBy(answer => answer.Is(HttpStatusCode.OK).Json.GetProperty("pid").GetInt32()))
        {
            int[] counts = [.. environment.Select(answer => answer.Json.GetProperty("count").GetInt32()).Order()];
            Assert.Equal(Enumerable.Range(1, counts.Length), counts);
        }
    }

    [Fact]
    public async Task Each_environment_has_its_own_tmp()
    {
        await using Service service = await Service.StartAsync();
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root may give an environment a /tmp of its own");
        await service.CreateAsync("tmp");
        Assert.Equal("0", (await service.InvokeAsync("tmp")).Text.Trim());
        Assert.Equal("1", (await service.InvokeAsync("tmp")).Text.Trim());
        Assert.False(File.Exists("/tmp/kept"));
        (await service.Client.SendAsync(HttpMethod.Put, "/2015-03-31/functions/tmp/configuration", new JsonObject { ["Timeout"] = 9 })).Is(
            HttpStatusCode.OK);
        Assert.Equal("0", (await service.InvokeAsync("tmp")).Text.Trim());
    }

    [Fact]
    public async Task An_environment_is_frozen_between_events()
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("count");
        int process = (await service.InvokeAsync("count")).Json.GetProperty("pid").GetInt32();
        await UntilAsync(() => State(process) == 'T', () => $"process {process} is in state {State(process)} instead of stopped");
        Assert.Equal(2, (await service.InvokeAsync("count")).Json.GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task Idle_environments_are_ended()
    {
        await using Service service = await Service.StartAsync(options => options with { IdleLimit = TimeSpan.FromSeconds(1) });
        await service.CreateAsync("count");
        int process = (await service.InvokeAsync("count")).Json.GetProperty("pid").GetInt32();
        await UntilAsync(() => State(process) is null, () => $"process {process} is still there");
        Assert.Equal(1, (await service.InvokeAsync("count")).Json.GetProperty("count").GetInt32());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nothing_outlives_the_service(bool isolate)
    {
        Assert.SkipWhen(isolate && !Environment.IsPrivilegedProcess, "only root may use control groups");
        int idle, child = 0, hanging;
        Task<Answer> unanswered;
        await using (Service service = await Service.StartAsync(options => options with { Isolate = isolate }))
        {
            await service.CreateAsync("count");
            idle = (await service.InvokeAsync("count")).Json.GetProperty("pid").GetInt32();
            if (isolate)
            {
                await service.CreateAsync("child");
                child = int.Parse((await service.InvokeAsync("child")).Text, CultureInfo.InvariantCulture);
                Assert.NotNull(State(child));
            }

            using TemporaryFile gate = new();
            await service.CreateAsync("wait", variables: new() { ["GATE"] = gate.Path });
            unanswered = service.InvokeAsync("wait");
            hanging = 0;
            await UntilAsync(() => (hanging = ChildWith("_HANDLER=wait")) != 0, () => "the function did not start");
        }

        Assert.Null(State(idle));
        Assert.Null(State(hanging));
        if (isolate)
            await UntilAsync(() => State(child) is null, () => $"process {child} is still there");

        // Neither a result nor an error of the function: it was ended, and nobody knows what it would have said.
        Answer ended = await unanswered;
        ended.IsError(HttpStatusCode.InternalServerError, "ServiceException");
        Assert.Null(ended.FunctionError);
        Assert.Contains("service has ended", ended.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_that_fail_are_retried_and_then_logged_as_dead()
    {
        using TemporaryFile letters = new();
        TaskCompletionSource buried = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int failures = 0;
        await using Service service = await Service.StartAsync(options => options with
        {
            DeadLetterFile = letters.Path,
            RetryDelays = [TimeSpan.Zero],
            Log = line =>
            {
                if (line.Contains(" failed: ", StringComparison.Ordinal))
                    Interlocked.Increment(ref failures);
                if (line.Contains("RetriesExhausted", StringComparison.Ordinal))
                    buried.TrySetResult();
            },
        });
        await service.CreateAsync("fail");
        Answer accepted = (await service.InvokeAsync("fail", "{\"a\":1}", ("X-Amz-Invocation-Type", "Event"))).Is(HttpStatusCode.Accepted);
        await buried.Task.WaitAsync(Deadline);
        Assert.Equal(3, failures);
        JsonElement letter = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(letters.Path));
        JsonElement context = letter.GetProperty("requestContext");
        Assert.Equal(accepted.Headers["x-amzn-RequestId"], context.GetProperty("requestId").GetString());
        Assert.Equal(3, context.GetProperty("approximateInvokeCount").GetInt32());
        Assert.Equal(1, letter.GetProperty("requestPayload").GetProperty("a").GetInt32());
        Assert.Equal("My.Error", letter.GetProperty("responsePayload").GetProperty("errorType").GetString());
    }

    /// <summary>One invocation more than there may be of a function that waits: one is turned away, the others run.</summary>
    private static async Task<Task<Answer>[]> FillAsync(Service service, string name, int limit, string reason)
    {
        Task<Answer>[] calls = [.. Enumerable.Range(0, limit + 1).Select(_ => service.InvokeAsync(name))];
        Task<Answer> first = await Task.WhenAny(calls).WaitAsync(Deadline);
        Answer answer = await first;
        answer.IsError(HttpStatusCode.TooManyRequests, "TooManyRequestsException");
        Assert.Equal(reason, answer.Json.GetProperty("Reason").GetString());
        Assert.Equal("Rate Exceeded.", answer.Json.GetProperty("message").GetString());
        return [.. calls.Where(call => call != first)];
    }

    /// <summary>Asks again and again what gives no notice.</summary>
    private static async Task UntilAsync(Func<bool> condition, Func<string> otherwise)
    {
        using CancellationTokenSource late = new(Deadline);
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(10));
        while (!condition())
        {
            try
            {
                await timer.WaitForNextTickAsync(late.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail(otherwise());
            }
        }
    }

    private static char? State(int process)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[stat.LastIndexOf(')') + 2];
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static int ChildWith(string variable)
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _)))
        {
            try
            {
                string stat = File.ReadAllText(folder + "/stat");
                bool isOurs = stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1] == Environment.ProcessId.ToString(
                    CultureInfo.InvariantCulture);
                if (isOurs && File.ReadAllText(folder + "/environ").Split('\0').Contains(variable))
                    return int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // It has ended meanwhile.
            }
        }

        return 0;
    }
}
