namespace BoxerMpi.Launching.Jobs;

/// <summary>Waits for the end of ranks that run elsewhere, and judges it by what the coordinator knows: there are no processes to look at.</summary>
internal sealed class SeatWatch : IDisposable
{
    // A rank that reports another one's end is only the messenger: the news of that end may need this long.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(400);

    private readonly JobSeat _seat;
    private readonly SemaphoreSlim _news = new(0);

    public SeatWatch(JobSeat seat)
    {
        _seat = seat;
        seat.Changed += OnChanged;
    }

    /// <returns>Who is to blame, or null after success.</returns>
    /// <remarks>The job is told to end as soon as one has failed.</remarks>
    public async Task<Failure?> EndAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_seat.Abort is not null || Lost().Count > 0)
            {
                await Task.Delay(Settle, cancellationToken);
                AbortNotice? abort = _seat.Abort;
                if (Verdict.ToBlame([], Lost(), abort is null ? null : Verdict.OfSilent(_seat, abort), abort, 0) is { } failure)
                {
                    _seat.End(failure.ExitCode, failure.ToString());
                    return failure;
                }
            }

            if (_seat.Followed.IsCompleted)
                return null;
            Task news = _news.WaitAsync(cancellationToken);
            await await Task.WhenAny(news, _seat.Followed);
        }
    }

    public void Dispose()
    {
        _seat.Changed -= OnChanged;
        _news.Dispose();
    }

    private List<Failure> Lost() => _seat.IsComplete
        ? []
        : [.. Enumerable.Range(0, _seat.Size).Where(rank => _seat.Of(rank).Stage == RankStage.Failed).Select(rank => Verdict.OfLost(rank, _seat.Of(rank)))];

    private void OnChanged()
    {
        try
        {
            _news.Release();
        }
        catch (ObjectDisposedException)
        {
            // Judged already.
        }
    }
}
