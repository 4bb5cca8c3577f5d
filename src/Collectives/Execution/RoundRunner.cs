using System.Runtime.CompilerServices;
using BoxerMpi.Internal;
using BoxerMpi.Schedules;

namespace BoxerMpi.Collectives;

/// <summary>The buffers of a call: what the regions of its schedule stand for.</summary>
internal readonly unsafe struct CallBuffers(nint send, nint receive, nint scratch)
{
    public byte* At(in Region region) => (byte*)(region.Buffer switch
    {
        BufferKind.UserSend => send,
        BufferKind.UserReceive => receive,
        _ => scratch,
    }) + region.Offset;
}

/// <summary>Does what a round of a schedule says, on real buffers.</summary>
internal static unsafe class RoundRunner
{
    /// <summary>Posts the round's receives, then its sends, so that what arrives finds its place. Within the post scope.</summary>
    public static void Post(Communicator communicator, CompletionGroup group, Schedule schedule, in Round round, in CallBuffers buffers)
    {
        foreach (ref readonly Step step in schedule.Receives(round))
            communicator.PostReceive(group, step.Peer, buffers.At(step.Target), step.Target.Length);
        foreach (ref readonly Step step in schedule.Sends(round))
            communicator.PostSend(group, step.Peer, buffers.At(step.Source), step.Source.Length);
    }

    /// <summary>Copies and folds, in order.</summary>
    public static void RunLocals(Schedule schedule, in Round round, in CallBuffers buffers, ReduceOp? op)
    {
        foreach (ref readonly Step step in schedule.Locals(round))
        {
            byte* target = buffers.At(step.Target);
            byte* source = buffers.At(step.Source);
            if (step.Kind == StepKind.Reduce)
                op!.Fold(target, source, step.Source.Length);
            else if (step.Count > 1)
                CopyStrided(source, target, step);
            else if (source != target)
                Buffer.MemoryCopy(source, target, step.Source.Length, step.Source.Length);
        }
    }

    private static void CopyStrided(byte* source, byte* target, in Step step)
    {
        long length = step.Source.Length;
        switch (length)
        {
            case 4:
                CopyElements<int>(source, target, step);
                break;
            case 8:
                CopyElements<long>(source, target, step);
                break;
            case 16:
                CopyElements<Int128>(source, target, step);
                break;
            default:
                for (int i = 0; i < step.Count; i++, source += step.SourceStride, target += step.TargetStride)
                    Buffer.MemoryCopy(source, target, length, length);
                break;
        }
    }

    private static void CopyElements<T>(byte* source, byte* target, in Step step)
        where T : unmanaged
    {
        for (int i = 0; i < step.Count; i++, source += step.SourceStride, target += step.TargetStride)
            Unsafe.WriteUnaligned(target, Unsafe.ReadUnaligned<T>(source));
    }
}
