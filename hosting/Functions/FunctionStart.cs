using System.Globalization;
using BoxerMpi.Aws;
using BoxerMpi.Launching.Jobs;

namespace BoxerMpi.Functions;

/// <summary>
/// Brings the functions of a job up: invokes them, replaces those that are lost or do not come, and gives up in time with the reason.
/// </summary>
internal sealed class FunctionStart : IAsyncDisposable
{
    // Parts of the time for the start after which those that have not come get replacements.
    private static readonly double[] ReplaceAt = [1.0 / 3, 2.0 / 3];
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(100);

    private readonly StartPlan _plan;
    private readonly RankInvocations _invocations;
    private readonly FunctionInvoker _invoker;
    private readonly Action<string> _fail;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ending = new();
    private readonly SemaphoreSlim _news = new(0);
    private readonly List<Task> _invoking = [];
    private FunctionOutput? _output;
    private Action<string>? _say;
    private Task _running = Task.CompletedTask;
    private Task<string?>? _probe;
    private bool _isReached;
    private int _replacedTimes;

    /// <param name="lambda">The service.</param>
    /// <param name="plan">What to start.</param>
    /// <param name="invocations">Hears of the functions.</param>
    /// <param name="fail">Ends the job with a reason.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">For the pauses of what is throttled.</param>
    public FunctionStart(ILambdaApi lambda, StartPlan plan, RankInvocations invocations, Action<string> fail, TimeProvider time, Random random)
    {
        (_plan, _invocations, _fail, _time) = (plan, invocations, fail, time);
        _invoker = new FunctionInvoker(lambda, plan, invocations, time, random);
        invocations.Changed += OnNews;
    }

    /// <summary>From the first invocation until all functions were there; null while they are not.</summary>
    public TimeSpan? Took { get; private set; }

    /// <summary>Requests that Lambda turned away for now.</summary>
    public int Throttled => _invoker.Throttled;

    /// <summary>Probes that were made; each is one more request.</summary>
    public int Probes { get; private set; }

    /// <summary>Invokes the functions.</summary>
    /// <param name="output">Shows how far it has come.</param>
    /// <param name="quiet">Says nothing of what goes well.</param>
    public void Begin(FunctionOutput output, bool quiet)
    {
        _output = quiet ? null : output;
        _say = quiet ? null : text => output.Say("boxer: " + text);
        _running = RunAsync(_ending.Token);
    }

    /// <summary>Nothing is invoked any more.</summary>
    public async ValueTask DisposeAsync()
    {
        _invocations.Changed -= OnNews;
        await _ending.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll([.. _invoking, _probe ?? Task.CompletedTask]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _invoker.Dispose();
        _ending.Dispose();
        _news.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        long began = _time.GetTimestamp();
        Invoke(_plan.Count + _plan.Spares, cancellationToken);
        while (!cancellationToken.IsCancellationRequested)
        {
            TimeSpan spent = _time.GetElapsedTime(began);
            InvocationCount count = _invocations.Count;
            if (_invoking.Find(task => task.IsFaulted) is { } failed)
            {
                Fail(failed.Exception!.InnerException!.Message);
                return;
            }

            if (count.Missing == 0)
            {
                // Should one be lost before the job starts, its replacement gets the whole time.
                Complete(count, spent);
                (began, _replacedTimes) = (_time.GetTimestamp(), 0);
            }
            else if (Look(count, spent, cancellationToken) is { } reason)
            {
                Fail(reason);
                return;
            }

            _output?.Show(count.Missing > 0 ? Progress(count, spent) : "");
            using CancellationTokenSource soon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task news = _news.WaitAsync(soon.Token);
            await Task.WhenAny([news, .. count.Missing > 0 ? [Task.Delay(ProgressInterval, _time, soon.Token)] : Array.Empty<Task>()]);
            await soon.CancelAsync();
            await news.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (_news.Wait(0, CancellationToken.None))
            {
                // What has happened meanwhile is looked at all at once.
            }
        }
    }

    /// <summary>Some are missing: what can be done about it.</summary>
    /// <returns>Why to give up, or null.</returns>
    private string? Look(InvocationCount count, TimeSpan spent, CancellationToken cancellationToken)
    {
        if (spent >= _plan.Timeout)
            return Late(count);
        if (_probe is { IsCompletedSuccessfully: true } told)
        {
            if (told.Result is { } wrong)
                return $"no function has come within {Seconds(spent)} s: {wrong}";
            _isReached = true;
        }
        else if (_probe is { IsFaulted: true } failed)
        {
            return failed.Exception!.InnerException!.Message;
        }

        if (_probe is null && count.Heard == 0 && count.Invoked > 0 && spent >= _plan.ProbeAfter)
        {
            Probes++;
            _probe = _invoker.ProbeAsync(cancellationToken);
            _ = _probe.ContinueWith(_ => OnNews(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        // Lost ones are replaced at once; silent ones when they had their time.
        int wanted = count.Missing - count.UnderWay;
        if (_replacedTimes < ReplaceAt.Length && spent >= _plan.Timeout * ReplaceAt[_replacedTimes])
        {
            _replacedTimes++;
            wanted = count.Missing;
            int replaced = Replace(wanted, cancellationToken);
            if (replaced > 0)
                _say?.Invoke(
                    $"{count.Missing} of {count.Needed} functions have not come within {Seconds(spent)} s; invoking {replaced} more");
        }
        else if (wanted > 0 && count.Lost > 0)
        {
            Invoke(Math.Min(wanted, count.Lost), cancellationToken);
        }

        return null;
    }

    private int Replace(int wanted, CancellationToken cancellationToken)
    {
        int replaced = 0;
        while (replaced < wanted && _invocations.TryReplace())
            replaced++;
        Invoke(replaced, cancellationToken);
        return replaced;
    }

    private void Invoke(int many, CancellationToken cancellationToken)
    {
        for (int i = 0; i < many; i++)
        {
            Task invocation = _invoker.InvokeAsync(cancellationToken);
            _invoking.Add(invocation);
            _ = invocation.ContinueWith(
                _ => OnNews(), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        }
    }

    private void Complete(InvocationCount count, TimeSpan spent)
    {
        if (Took is not null)
            return;
        Took = spent;
        _say?.Invoke(string.Create(
            CultureInfo.InvariantCulture, $"{count.Needed} {(count.Needed == 1 ? "function runs" : "functions run")}, {spent.TotalSeconds:0.00} s after the first invocation{Of(count)}"));
    }

    private string Progress(InvocationCount count, TimeSpan spent)
    {
        const int Width = 20;
        string bar = new string('#', Width * count.Seated / count.Needed).PadRight(Width, '.');
        string throttled = _invoker.Throttled > 0 ? $", {_invoker.Throttled} throttled" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"boxer: [{bar}] {count.Seated} of {count.Needed} functions, {count.Invoked} invoked{throttled}, {spent.TotalSeconds:0.0} s");
    }

    private static string Of(InvocationCount count) => count.Asked > count.Needed ? $" ({count.Asked} invoked)" : "";

    private string Late(InvocationCount count)
    {
        IReadOnlyList<int> missing = _invocations.MissingRanks;
        IReadOnlyList<int> silent = _invocations.SilentNumbers;
        List<string> why = [];
        int waiting = count.Asked - count.Invoked;
        if (waiting > 0)
            why.Add($"{waiting} of {count.Asked} invocations are still refused" + (_invoker.ThrottleReason is { } reason ? $" ({reason})" : ""));
        if (silent.Count > 0)
            why.Add($"invocations {Verdict.List(silent)} were taken and not heard of");
        if (count.Lost > 0)
            why.Add($"{count.Lost} were lost");
        if (count.Heard > 0 || _isReached)
            why.Add($"functions do reach the coordinator, so look whether the limit of concurrent functions is below {count.Needed + _plan.Spares}");
        else
            why.Add("not even a single one has answered a question");
        return $"only {count.Seated} of {count.Needed} functions came within {Seconds(_plan.Timeout)} s (--start-timeout); missing: "
            + $"{(missing.Count == 1 ? "rank" : "ranks")} {Verdict.List(missing)}. {string.Join("; ", why)}";
    }

    private void Fail(string reason)
    {
        _output?.Show("");
        _fail(reason);
        _invocations.Close("the job has been given up");
    }

    private void OnNews()
    {
        try
        {
            _news.Release();
        }
        catch (ObjectDisposedException)
        {
            // The start is over.
        }
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture);
}
