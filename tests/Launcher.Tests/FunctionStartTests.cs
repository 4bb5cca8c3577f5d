using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using BoxerMpi.Aws;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;
using BoxerMpi.Functions;
using BoxerMpi.LambdaBootstrap;
using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.Launching.Output;
using BoxerMpi.Launching.Reports;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.Tests;

/// <summary>
/// How functions are invoked, seated, replaced and given up: against a real coordinator, with a Lambda made up for each case.
/// </summary>
public sealed class FunctionStartTests
{
    [Fact]
    public async Task The_first_to_come_get_the_ranks_and_spares_are_turned_away()
    {
        await using Job job = new(size: 3, spares: 2);
        job.Lambda.OnInvoke = job.AttendAsync;
        job.Begin();
        await job.UntilAsync(() => job.Attended.Count == 3 && job.Rejections.Count == 2);
        Assert.Equal([0, 1, 2], job.Attended.Select(client => client.Rank).Order());
        Assert.All(job.Rejections, text => Assert.Contains("spares are not needed", text, StringComparison.Ordinal));
        Assert.Equal([0, 1, 2, 3, 4], job.Lambda.Starters.Order());
        Assert.Empty(job.Failures);

        foreach (AttendanceClient client in job.Attended)
            Assert.True(await client.ExitAsync(
                new AttendedExit(client.Rank == 1 ? 137 : 0, false, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), 1000)));
        await job.UntilAsync(() => job.Exits.Count == 3);
        Assert.Equal([(0, 0), (0, 9), (0, 0)], Enumerable.Range(0, 3).Select(rank => (job.Exits[rank].ExitCode, job.Exits[rank].Signal)));
        Assert.Equal((5, TimeSpan.FromSeconds(6)), job.Invocations.Billed);
    }

    [Fact]
    public async Task A_spare_takes_the_place_of_one_that_never_starts()
    {
        await using Job job = new(size: 2, spares: 1);
        job.Lambda.OnInvoke = sent => sent.Starter == 0 ? Task.CompletedTask : job.AttendAsync(sent);
        job.Begin();
        await job.UntilAsync(() => job.Attended.Count == 2);
        await job.UntilAsync(() => job.Start.Took is not null);
        Assert.Equal(3, job.Lambda.Starters.Count);
    }

    [Fact]
    public async Task A_function_that_is_lost_before_the_start_is_replaced_and_one_lost_later_ends_its_rank()
    {
        await using Job job = new(size: 1);
        job.Lambda.OnInvoke = job.AttendAsync;
        job.Begin();
        await job.UntilAsync(() => job.Attended.Count == 1);
        job.Attended.TryDequeue(out AttendanceClient? first);
        await first!.DisposeAsync();
        await job.UntilAsync(() => job.Attended.Count == 1);
        Assert.Equal([0, 1], job.Lambda.Starters.Order());
        Assert.Empty(job.Exits);

        job.Started.SetResult();
        job.Attended.TryDequeue(out AttendanceClient? second);
        await second!.DisposeAsync();
        await job.UntilAsync(() => job.Exits.Count == 1);
        Assert.Contains("was lost with its function", job.Exits[0].Explanation, StringComparison.Ordinal);
        Assert.Equal(1, job.Exits[0].ShellCode);
        Assert.Equal(2, job.Lambda.Starters.Count);
    }

    [Fact]
    public async Task Replacements_are_bounded()
    {
        await using Job job = new(size: 1);
        job.Lambda.OnInvoke = async sent =>
        {
            await using AttendanceClient shortLived = await Job.OpenAsync(sent);
        };
        job.Begin();
        await job.UntilAsync(() => job.Exits.Count == 1);
        Assert.Contains("was lost with its function", job.Exits[0].Explanation, StringComparison.Ordinal);
        Assert.Equal(1 + job.Plan.Replacements, job.Lambda.Starters.Count);
    }

    [Fact]
    public async Task Functions_that_do_not_come_get_replacements()
    {
        await using Job job = new(size: 2, plan => plan with { Timeout = TimeSpan.FromSeconds(3) });
        job.Lambda.OnInvoke = sent => sent.Starter == 1 ? Task.CompletedTask : job.AttendAsync(sent);
        job.Begin();
        await job.UntilAsync(() => job.Attended.Count == 2);
        Assert.Equal([0, 1, 2], job.Lambda.Starters.Order());
        Assert.Empty(job.Failures);
    }

    [Fact]
    public async Task An_event_that_is_delivered_twice_starts_one_rank()
    {
        await using Job job = new(size: 2);
        job.Lambda.OnInvoke = async sent =>
        {
            await job.AttendAsync(sent);
            if (sent.Starter == 0)
                await job.AttendAsync(sent);
        };
        job.Begin();
        await job.UntilAsync(() => job.Rejections.Count == 1 && job.Attended.Count == 2);
        Assert.Contains("invocation 0 has been here already", job.Rejections.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Throttled_invocations_are_made_again_until_there_is_room()
    {
        await using Job job = new(size: 4);
        int asked = 0;
        job.Lambda.OnInvoke = sent => Interlocked.Increment(ref asked) <= 6 ? throw Throttled() : job.AttendAsync(sent);
        job.Begin();
        await job.UntilAsync(() => job.Attended.Count == 4);
        Assert.Equal(6, job.Start.Throttled);
        Assert.Empty(job.Failures);
    }

    [Fact]
    public async Task What_is_missing_at_the_deadline_is_listed()
    {
        await using Job job = new(size: 3, plan => plan with { Timeout = TimeSpan.FromSeconds(1.5), Function = "f" });
        job.Lambda.OnInvoke = sent => sent.Starter switch
        {
            0 => job.AttendAsync(sent),
            1 => Task.CompletedTask,
            _ => throw Throttled(),
        };
        job.Begin();
        await job.UntilAsync(() => !job.Failures.IsEmpty);
        string failure = job.Failures.First();
        Assert.StartsWith(
            "only 1 of 3 functions came within 1.5 s (--start-timeout); missing: ranks 1, 2. ", failure, StringComparison.Ordinal);
        Assert.Contains("invocations are still refused (ConcurrentInvocationLimitExceeded)", failure, StringComparison.Ordinal);
        Assert.Contains("invocations 1 were taken and not heard of", failure, StringComparison.Ordinal);

        // Ranks without a function end at once.
        await job.UntilAsync(() => job.Exits.Count == 2);
        Assert.Equal("was not started", job.Exits[2].Explanation);
        Assert.False(job.Exits.ContainsKey(0));
    }

    [Theory]
    [InlineData(LambdaFailure.NotFound)]
    [InlineData(LambdaFailure.Denied)]
    [InlineData(LambdaFailure.TooLarge)]
    [InlineData(LambdaFailure.Unreachable)]
    public async Task What_Lambda_refuses_for_good_ends_the_job(LambdaFailure reason)
    {
        await using Job job = new(size: 2);
        job.Lambda.OnInvoke = _ => throw new LambdaException(reason, "no such thing");
        job.Begin();
        await job.UntilAsync(() => !job.Failures.IsEmpty && job.Exits.Count == 2);
        Assert.Equal("no such thing", job.Failures.Single());
    }

    [Fact]
    public async Task When_nobody_comes_a_function_is_asked_why()
    {
        await using Job job = new(size: 2, plan => plan with { ProbeAfter = TimeSpan.FromMilliseconds(200) });
        job.Lambda.OnInvoke = _ => Task.CompletedTask;
        job.Lambda.OnProbe = _ => new FunctionError("Boxer.SeedUnreachable", "the coordinator cannot be reached", []);
        job.Begin();
        await job.UntilAsync(() => !job.Failures.IsEmpty);
        Assert.Matches(
            "^no function has come within [0-9.]+ s: function F answers Boxer.SeedUnreachable: the coordinator cannot be reached$",
            job.Failures.Single());
        Assert.Equal(1, job.Start.Probes);
    }

    [Fact]
    public async Task A_signal_ends_ranks_without_a_function_and_reaches_the_others()
    {
        await using Job job = new(size: 2);
        job.Lambda.OnInvoke = sent => sent.Starter == 0 ? job.AttendAsync(sent) : Task.CompletedTask;
        job.Begin();
        await job.UntilAsync(() => job.Attended.Count == 1);
        foreach (FunctionRank rank in job.Ranks)
            rank.Signal(NativeMethods.SigTerm);
        Assert.Equal(NativeMethods.SigTerm, await job.Attended.First().Signals.ReadAsync(TestContext.Current.CancellationToken));
        await job.UntilAsync(() => job.Exits.Count == 1);
        Assert.Equal(NativeMethods.SigTerm, job.Exits[1].Signal);

        // One that does not answer to KILL is given up.
        foreach (FunctionRank rank in job.Ranks)
            rank.Signal(NativeMethods.SigKill);
        await job.UntilAsync(() => job.Exits.Count == 2);
        Assert.Equal(NativeMethods.SigKill, job.Exits[0].Signal);
        await job.Attended.First().Lost.WaitAsync(Boxer.Deadline, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Money_shows_the_digits_that_matter()
    {
        Assert.Equal(
            ["$0.00", "$0.0000020", "$0.00041", "$1.25", "$123.46"],
            new[] { 0, 2.0e-6, 4.12e-4, 1.25, 123.456 }.Select(Money.Of));
    }

    private static LambdaException Throttled() =>
        new(LambdaFailure.Throttled, "too many") { ThrottleReason = "ConcurrentInvocationLimitExceeded" };

    private sealed class Job : IAsyncDisposable
    {
        private readonly byte[] _token = Encoding.ASCII.GetBytes("a token of 16 bytes or more");
        private readonly Seed _seed;
        private readonly FunctionOutput _output =
            new(new OutputOptions(new LineStyle(Tag: true, Timestamp: false), new OutputFiles(null, 1)));

        public Job(int size, int spares)
            : this(size, plan => plan with { Spares = spares })
        {
        }

        public Job(int size, Func<StartPlan, StartPlan>? change = null)
        {
            Invocations = new RankInvocations(size, TimeProvider.System);
            _seed = Seed.Start(new SeedOptions(), new JobSpec { JobId = "job", Token = _token, Size = size, Attendance = Invocations });
            StartPlan plan = new()
            {
                Function = "F",
                Count = size,
                Timeout = Boxer.Deadline,
                ProbeAfter = Boxer.Deadline,
                Event = new RankRequest { Seed = _seed.EndPoint.ToString(), Job = "job", Token = Convert.ToHexStringLower(_token) },
            };
            Plan = change?.Invoke(plan) ?? plan;
            Invocations.Follow(Started.Task, Plan.Replacements);
            OutputFiles none = new(null, size);
            Ranks =
            [
                .. Enumerable.Range(0, size).Select(rank => new FunctionRank(
                    rank, new RankStream(false, [], none.Open(rank, "out")), new RankStream(true, [], none.Open(rank, "err")), _output,
                    status => Exits[rank] = status)),
            ];
            foreach (FunctionRank rank in Ranks)
                Invocations.Add(rank);
            Start = new FunctionStart(Lambda, Plan, Invocations, Failures.Enqueue, TimeProvider.System, new Random(7));
        }

        public RankInvocations Invocations { get; }

        public StartPlan Plan { get; }

        public FunctionStart Start { get; }

        public FakeLambda Lambda { get; } = new();

        public IReadOnlyList<FunctionRank> Ranks { get; }

        public TaskCompletionSource Started { get; } = new();

        public ConcurrentQueue<AttendanceClient> Attended { get; } = new();

        public ConcurrentQueue<string> Rejections { get; } = new();

        public ConcurrentQueue<string> Failures { get; } = new();

        public ConcurrentDictionary<int, ExitStatus> Exits { get; } = new();

        public void Begin() => Start.Begin(_output, quiet: true);

        /// <summary>What a function does with its event.</summary>
        public async Task AttendAsync(RankRequest sent)
        {
            try
            {
                Attended.Enqueue(await OpenAsync(sent));
            }
            catch (RendezvousException rejected) when (rejected.Reason == RendezvousFailure.JobFull)
            {
                Rejections.Enqueue(rejected.Message);
            }
        }

        public static Task<AttendanceClient> OpenAsync(RankRequest sent) => AttendanceClient.OpenAsync(
            new AttendanceOptions
            {
                Seed = Addresses.Parse(sent.Seed),
                JobId = sent.Job,
                Token = Convert.FromHexString(sent.Token),
                Number = sent.Starter,
                Name = $"request-{sent.Starter}",
            },
            TestContext.Current.CancellationToken);

        public Task UntilAsync(Func<bool> condition) => ProcessList.UntilAsync(
            condition,
            () => $"attended {Attended.Count}, turned away {Rejections.Count}, ended {Exits.Count}, invoked {Lambda.Starters.Count}, failed: {string.Join("; ", Failures)}");

        public async ValueTask DisposeAsync()
        {
            await Start.DisposeAsync();
            foreach (AttendanceClient client in Attended)
                await client.DisposeAsync();
            await _seed.DisposeAsync();
            _output.Dispose();
        }
    }

    /// <summary>Takes invocations and answers as told; functions run on their own, as events do.</summary>
    private sealed class FakeLambda : ILambdaApi
    {
        public Func<RankRequest, Task> OnInvoke { get; set; } = _ => Task.CompletedTask;

        public Func<RankRequest, FunctionError?> OnProbe { get; set; } = _ => null;

        public ConcurrentQueue<int> Starters { get; } = new();

        public Task<InvocationResult> InvokeAsync(Invocation invocation, CancellationToken cancellationToken = default)
        {
            RankRequest sent = JsonSerializer.Deserialize(invocation.Payload.Span, MessagesJson.Default.RankRequest)!;
            if (sent.Probe)
                return Task.FromResult(new InvocationResult("probe", default, OnProbe(sent), null));
            Assert.Equal(InvocationKind.Event, invocation.Kind);
            _ = OnInvoke(sent);
            Starters.Enqueue(sent.Starter);
            return Task.FromResult(new InvocationResult("event", default, null, null));
        }

        public Task<FunctionInfo?> FindFunctionAsync(string name, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public Task<FunctionInfo> CreateFunctionAsync(FunctionSpec function, FunctionCode code, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<FunctionInfo> UpdateFunctionCodeAsync(string name, FunctionCode code, string architecture, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<FunctionInfo> UpdateFunctionConfigurationAsync(FunctionSpec function, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public Task SetEventRetriesAsync(string name, int retries, TimeSpan oldest, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public Task DeleteFunctionAsync(string name, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<IReadOnlyList<FunctionInfo>> ListFunctionsAsync(CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
