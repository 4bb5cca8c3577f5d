using BoxerMpi.Control;

namespace BoxerMpi.LambdaBootstrap;

/// <summary>Passes what a program writes to one stream on: to the coordinator as it comes, to the function's log in whole lines.</summary>
internal sealed class OutputRelay(Stream log, AttendedStream stream, AttendanceClient seat, OutputTail tail)
{
    // Longer lines are logged in pieces.
    private const int LongestLine = 32 * 1024;

    private readonly byte[] _buffer = new byte[LongestLine];
    private int _filled;

    /// <summary>Until the program and all who share the stream have closed it. Reads no more while the coordinator takes no more.</summary>
    public async Task RunAsync(Stream source)
    {
        while (true)
        {
            int count = await source.ReadAsync(_buffer.AsMemory(_filled));
            if (count == 0)
                break;
            ReadOnlyMemory<byte> came = _buffer.AsMemory(_filled, count);
            _filled += count;
            await seat.WriteAsync(stream, came);
            int lines = _buffer.AsSpan(0, _filled).LastIndexOf((byte)'\n') + 1;
            await LogAsync(lines > 0 || _filled < LongestLine ? lines : _filled);
        }

        await LogAsync(_filled);
    }

    private async Task LogAsync(int count)
    {
        if (count == 0)
            return;
        tail.Add(_buffer.AsSpan(0, count));
        await log.WriteAsync(_buffer.AsMemory(0, count));
        await log.FlushAsync();
        _buffer.AsSpan(count, _filled - count).CopyTo(_buffer);
        _filled -= count;
    }
}
