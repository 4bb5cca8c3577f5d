namespace BoxerMpi.Launcher.Tests.Support;

/// <summary>The lines that a process has written so far, and waiting for one that is still to come.</summary>
internal sealed class LineLog
{
    private readonly string _name;
    private readonly List<string> _lines = [];
    private readonly Task _reading;
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public LineLog(string name, StreamReader reader)
    {
        _name = name;
        _reading = ReadAsync(reader);
    }

    /// <summary>The first line that fits, whether it has come already or is still to come.</summary>
    public async Task<string> WaitForAsync(Func<string, bool> fits)
    {
        using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        late.CancelAfter(Boxer.Deadline);
        for (int next = 0; ;)
        {
            Task news;
            lock (_lines)
            {
                for (; next < _lines.Count; next++)
                {
                    if (fits(_lines[next]))
                        return _lines[next];
                }

                news = _news.Task;
            }

            if (_reading.IsCompleted && news == _news.Task)
                Assert.Fail($"The line did not come before {_name} ended. It had:\n{this}");
            try
            {
                await Task.WhenAny(news, _reading).WaitAsync(late.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"The line did not come in time. {_name} had:\n{this}");
            }
        }
    }

    public Task<string> WaitForAsync(string part) => WaitForAsync(line => line.Contains(part, StringComparison.Ordinal));

    public async Task<IReadOnlyList<string>> AllAsync()
    {
        await _reading.WaitAsync(Boxer.Deadline);
        return _lines;
    }

    public override string ToString()
    {
        lock (_lines)
            return string.Join('\n', _lines);
    }

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            TaskCompletionSource news;
            lock (_lines)
            {
                _lines.Add(line);
                news = _news;
                _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            news.SetResult();
        }
    }
}
