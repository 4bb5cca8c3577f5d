using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static BoxerMpi.Transport.LinuxNative;

namespace BoxerMpi.Transport;

/// <summary>
/// One level-triggered epoll instance with an event descriptor for wake-ups; descriptors are known by slots that the caller chooses.
/// </summary>
internal sealed unsafe class Epoll : IDisposable
{
    /// <summary>The slot of the event that <see cref="Wake"/> makes.</summary>
    public const int WakeSlot = -1;

    /// <summary>Bytes of one event in the buffer of <see cref="Wait"/>; the kernel packs them on x86-64 only.</summary>
    public static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private static readonly int DataOffset = EventBytes - 8;

    private readonly Lock _wakeGate = new();
    private readonly int _epoll;
    private readonly int _event;
    private bool _isDisposed;

    public Epoll()
    {
        _epoll = Check(EpollCreate(CloseOnExec), "epoll_create1");
        _event = -1;
        try
        {
            _event = Check(EventDescriptor(0, CloseOnExec | NonBlocking), "eventfd");
            Control(ControlAdd, _event, WakeSlot, PollIn);
        }
        catch (IOException)
        {
            // Out of descriptors: it does not keep the one that it got.
            Dispose();
            throw;
        }
    }

    /// <summary>Whose event it is.</summary>
    public static int SlotOf(byte* events, int index) =>
        BinaryPrimitives.ReadInt32LittleEndian(new ReadOnlySpan<byte>(events + (index * EventBytes) + DataOffset, sizeof(int)));

    /// <summary>What has happened, as EPOLL flags.</summary>
    public static uint ReadyOf(byte* events, int index) =>
        BinaryPrimitives.ReadUInt32LittleEndian(new ReadOnlySpan<byte>(events + (index * EventBytes), sizeof(uint)));

    /// <summary>Adds, changes or removes a descriptor.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public void Control(int operation, int descriptor, int slot, uint interest)
    {
        byte* item = stackalloc byte[16];
        Span<byte> bytes = new(item, 16);
        bytes.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, interest);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[DataOffset..], slot);
        Check(EpollControl(_epoll, operation, descriptor, item), "epoll_ctl");
    }

    /// <summary>Sleeps until something happens.</summary>
    /// <param name="events">Room for <paramref name="capacity"/> events of <see cref="EventBytes"/>.</param>
    /// <param name="capacity">At least 1.</param>
    /// <param name="milliseconds">How long; 0 only looks, -1 has no limit.</param>
    /// <returns>How many events there are; none as well when a signal came in between.</returns>
    public int Wait(byte* events, int capacity, int milliseconds)
    {
        int count = EpollWait(_epoll, events, capacity, milliseconds);
        if (count < 0 && Marshal.GetLastPInvokeError() != Interrupted)
            Check(count, "epoll_wait");
        return Math.Max(count, 0);
    }

    /// <summary>Ends the wait of another thread, now or when it begins.</summary>
    public void Wake()
    {
        // Others may come here when the owner has just ended, and the descriptor may be somebody else's by then.
        lock (_wakeGate)
        {
            ulong one = 1;
            if (!_isDisposed)
                _ = Write(_event, (byte*)&one, sizeof(ulong));
        }
    }

    /// <summary>The wake-up has been noticed.</summary>
    public void ClearWake()
    {
        ulong value;
        _ = Read(_event, (byte*)&value, sizeof(ulong));
    }

    public void Dispose()
    {
        lock (_wakeGate)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            _ = Close(_epoll);
            if (_event >= 0)
                _ = Close(_event);
        }
    }

    private static int Check(int result, string call)
    {
        if (result >= 0)
            return result;
        throw Marshal.GetLastPInvokeError() is TooManyFiles or TooManyFilesOfAll
            ? new DescriptorShortageException($"An event queue ({call})")
            : new IOException($"{call} failed: {Marshal.GetLastPInvokeErrorMessage()}");
    }
}
