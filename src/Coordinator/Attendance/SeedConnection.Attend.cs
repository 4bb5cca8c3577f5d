using System.Net.Sockets;
using BoxerMpi.Control;

namespace BoxerMpi.Coordinator;

internal sealed partial class SeedConnection
{
    // Nothing is read because the host of attendants takes no more: that nothing comes means nothing.
    private volatile bool _isHeld;

    public long LastReceived => _isHeld ? _seed.Options.Time.GetTimestamp() : _channel.LastReceived;

    public long LastSent => _channel.LastSent;

    private async Task AttendAsync(AttendMessage message, CancellationToken stopping)
    {
        if (_job!.Attend(this, message) is not { } attendant)
        {
            await DiscardAsync(FramesAfterRejection, stopping).ConfigureAwait(false);
            return;
        }

        IAttendanceHost host = _job.AttendanceHost;
        string? lost = "it closed its connection without telling how its program ended";
        try
        {
            AttendedExit? exit = await ServeAttendantAsync(host, attendant, stopping).ConfigureAwait(false);
            if (exit is null)
                return;
            lost = null;
            host.Exited(attendant, exit);
            await DiscardAsync(FramesAfterRejection, stopping).ConfigureAwait(false);
        }
        catch (Exception error) when (lost is not null)
        {
            bool broke = error is SocketException or ObjectDisposedException or OperationCanceledException;
            lost = _channel.CloseReason ?? (broke ? $"its connection broke: {error.Message}" : error.Message);
            throw;
        }
        finally
        {
            _job.Unattend(this);
            if (lost is not null)
                host.Lost(attendant, lost);
        }
    }

    /// <returns>How the program ended, or <see langword="null"/> when the connection did so before.</returns>
    private async Task<AttendedExit?> ServeAttendantAsync(IAttendanceHost host, Attendant attendant, CancellationToken stopping)
    {
        while (true)
        {
            ControlFrame frame = await _channel.ReadAsync(stopping).ConfigureAwait(false);
            switch (frame.Kind)
            {
                case ControlKind.None:
                    return null;
                case ControlKind.Heartbeat:
                    break;
                case ControlKind.AttendedOutput:
                    AttendedStream stream = AttendMessages.DecodeOutput(frame.Payload, out ReadOnlyMemory<byte> bytes);
                    await PassOnAsync(host.WroteAsync(attendant, stream, bytes), stopping).ConfigureAwait(false);
                    break;
                case ControlKind.AttendedExit:
                    return AttendMessages.DecodeExit(frame.Payload.Span);
                default:
                    throw new WireFormatException($"An attendant sent a frame of kind {(byte)frame.Kind}.");
            }
        }
    }

    private async ValueTask PassOnAsync(ValueTask taking, CancellationToken stopping)
    {
        if (taking.IsCompletedSuccessfully)
            return;
        _isHeld = true;
        await taking.AsTask().WaitAsync(stopping).ConfigureAwait(false);

        // Its heartbeats have waited behind what was held: its time begins anew.
        _channel.CountAsReceived();
        _isHeld = false;
    }
}
