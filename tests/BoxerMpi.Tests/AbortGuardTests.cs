using BoxerMpi.Control;
using BoxerMpi.Internal;

namespace BoxerMpi.Tests;

/// <summary>What ends a program that does not return after its job was aborted.</summary>
public sealed class AbortGuardTests
{
    [Theory]
    [InlineData(7, 7)]
    [InlineData(0, 1)]
    public async Task A_program_that_does_not_return_is_ended_with_the_code(int code, int exits)
    {
        TaskCompletionSource<AbortInfo> aborted = new();
        TaskCompletionSource<int> exit = new();
        using AbortGuard guard = new(aborted.Task, TimeSpan.FromMilliseconds(200), exit.SetResult);
        aborted.SetResult(new AbortInfo(1, code, "enough"));
        while (!exit.Task.IsCompleted)
        {
            // Whatever holds it must hold it through collections.
            GC.Collect();
            await Task.Yield();
        }

        Assert.Equal(exits, await exit.Task);
    }

    [Fact]
    public async Task A_program_that_has_returned_is_left_alone()
    {
        TaskCompletionSource<AbortInfo> aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        AbortGuard guard = new(aborted.Task, TimeSpan.Zero, _ => Assert.Fail("The process is not the program's any more."));
        guard.Dispose();
        aborted.SetResult(new AbortInfo(1, 3, "enough"));
        await aborted.Task;
    }
}
