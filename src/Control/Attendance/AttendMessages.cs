namespace BoxerMpi.Control;

/// <summary>Which of its standard streams an attended program wrote to.</summary>
internal enum AttendedStream : byte
{
    Output = 1,
    Error = 2,
}

/// <summary>How an attended program ended.</summary>
/// <param name="Code">Its exit code; 128 + the signal when one killed it.</param>
/// <param name="OutOfTime">It was ended because the attendant's own time was nearly over.</param>
/// <param name="Life">From its start to its end.</param>
/// <param name="Billed">
/// What the attendant's host is likely to charge for: from its request until now, with the start of its environment where that
/// was for this request. <see langword="null"/> where nobody charges.
/// </param>
/// <param name="PeakBytes">Most memory that it held, as far as was sampled.</param>
/// <param name="UserTime">Processor time of it and its children.</param>
/// <param name="SystemTime">The same, in the kernel.</param>
internal sealed record AttendedExit(
    int Code, bool OutOfTime, TimeSpan Life, TimeSpan? Billed, long PeakBytes, TimeSpan UserTime = default, TimeSpan SystemTime = default);

/// <summary>In place of a join: somebody asks which rank to start; sent behind a proof.</summary>
/// <param name="Number">Which of its launcher's attendants it is.</param>
/// <param name="Name">Its own name, for reports.</param>
/// <param name="Probe">It only wants to know that the coordinator is reached: the answer is rank -1, and nobody is told.</param>
internal sealed record AttendMessage(int Number, string Name, bool Probe)
{
    public MessageWriter Encode() => new MessageWriter(ControlKind.Attend).ReserveProof().Int32(Number).Text(Name, Limits.NameBytes).Flag(Probe);

    /// <summary>Reads the body, without the proof.</summary>
    public static AttendMessage Decode(ReadOnlySpan<byte> body)
    {
        MessageReader reader = new(body);
        AttendMessage message = new(reader.Int32(), reader.Text(Limits.NameBytes), reader.Flag());
        reader.End();
        return message;
    }
}

/// <summary>What an attendant and the coordinator say to each other once it is taken.</summary>
internal static class AttendMessages
{
    /// <param name="stream">Which.</param>
    /// <param name="bytes">Up to <see cref="Limits.AttendedBytes"/>.</param>
    public static ReadOnlyMemory<byte> Output(AttendedStream stream, ReadOnlySpan<byte> bytes) =>
        new MessageWriter(ControlKind.AttendedOutput, ControlFrame.PrefixBytes + 1 + bytes.Length).Byte((byte)stream).Bytes(bytes).Finish();

    /// <returns>The stream; the bytes are the rest of the payload.</returns>
    public static AttendedStream DecodeOutput(ReadOnlyMemory<byte> payload, out ReadOnlyMemory<byte> bytes)
    {
        MessageReader reader = new(payload.Span);
        byte stream = reader.Byte();
        if (stream is not ((byte)AttendedStream.Output or (byte)AttendedStream.Error))
            throw new WireFormatException($"A program has no stream {stream}.");
        bytes = payload[1..];
        return (AttendedStream)stream;
    }

    public static ReadOnlyMemory<byte> Exit(AttendedExit exit) =>
        new MessageWriter(ControlKind.AttendedExit).Int32(exit.Code).Flag(exit.OutOfTime).Time(exit.Life)
            .OptionalTime(exit.Billed).Int64(exit.PeakBytes).Time(exit.UserTime).Time(exit.SystemTime).Finish();

    public static AttendedExit DecodeExit(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        AttendedExit exit = new(reader.Int32(), reader.Flag(), reader.Time(), reader.OptionalTime(), reader.Int64(), reader.Time(), reader.Time());
        reader.End();
        return exit;
    }

    public static ReadOnlyMemory<byte> Signal(int signal) => new MessageWriter(ControlKind.AttendedSignal).Int32(signal).Finish();

    public static int DecodeSignal(ReadOnlySpan<byte> payload)
    {
        MessageReader reader = new(payload);
        int signal = reader.Int32();
        reader.End();
        return signal is > 0 and <= 64 ? signal : throw new WireFormatException($"There is no signal {signal}.");
    }
}
