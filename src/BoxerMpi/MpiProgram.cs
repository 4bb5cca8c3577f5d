using System.Net.Sockets;
using BoxerMpi.Control;
using BoxerMpi.Internal;

namespace BoxerMpi;

/// <summary>Runs a program as one rank of a job: <c>boxer run -n 4 program</c> starts four of it, plain <c>dotnet run</c> one.</summary>
/// <example>
/// <code>
/// using BoxerMpi;
///
/// return MpiProgram.Run(world =>
/// {
///     int sum = world.AllReduce(world.Rank, ReduceOp&lt;int&gt;.Sum);
///     Console.WriteLine($"rank {world.Rank} of {world.Size}: the ranks add up to {sum}");
/// });
/// </code>
/// </example>
public static class MpiProgram
{
    internal static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(5);

    // How long the news that a rank failed may take from it to the seed and on to its neighbours.
    private static readonly TimeSpan AbortNews = TimeSpan.FromSeconds(2);

    // What a body gets to return after the job was aborted.
    private static readonly TimeSpan AbortGrace = TimeSpan.FromSeconds(5);

    private const int MaximumErrorCharacters = 2000;

    /// <summary>Runs a blocking body on this rank.</summary>
    /// <param name="body">What each rank does.</param>
    /// <returns>Exit code: 0, or 1 when the body threw. Then the job is aborted and the error shown.</returns>
    public static int Run(Action<Communicator> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Run(world =>
        {
            body(world);
            return 0;
        });
    }

    /// <summary>Runs a blocking body on this rank and exits with what it returns. A code other than 0 fails the job.</summary>
    /// <inheritdoc cref="Run(Action{Communicator})"/>
    public static int Run(Func<Communicator, int> body)
    {
        ArgumentNullException.ThrowIfNull(body);

        // The body runs on the thread that called, so that blocking calls drive progress from there.
        MpiEnvironment environment;
        try
        {
            environment = MpiEnvironment.Start();
        }
        catch (Exception exception) when (exception is MpiException or ArgumentException or IOException or SocketException)
        {
            return NotStarted(exception);
        }

        using AbortGuard guard = Guard(environment);
        try
        {
            int code = body(environment.World);
            if (code != 0)
                return FailAsync(environment, code).GetAwaiter().GetResult();
            environment.Dispose();
            return 0;
        }
#pragma warning disable CA1031 // whatever the body throws ends the job
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return FailAsync(environment, exception).GetAwaiter().GetResult();
        }
    }

    /// <summary>Runs an asynchronous body on this rank.</summary>
    /// <param name="body">What each rank does; its token fires when the job is aborted.</param>
    /// <returns>Exit code: 0, or 1 when the body threw. Then the job is aborted and the error shown.</returns>
    public static Task<int> RunAsync(Func<Communicator, CancellationToken, Task> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return RunAsync(async (world, cancellationToken) =>
        {
            await body(world, cancellationToken).ConfigureAwait(false);
            return 0;
        });
    }

    /// <summary>Runs an asynchronous body on this rank and exits with what it returns. A code other than 0 fails the job.</summary>
    /// <inheritdoc cref="RunAsync(Func{Communicator, CancellationToken, Task})"/>
    public static async Task<int> RunAsync(Func<Communicator, CancellationToken, Task<int>> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        MpiEnvironment environment;
        try
        {
            environment = await MpiEnvironment.StartAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is MpiException or ArgumentException or IOException or SocketException)
        {
            return NotStarted(exception);
        }

        using AbortGuard guard = Guard(environment);
        try
        {
            int code = await body(environment.World, environment.Aborted).ConfigureAwait(false);
            if (code != 0)
                return await FailAsync(environment, code).ConfigureAwait(false);
            await environment.DisposeAsync().ConfigureAwait(false);
            return 0;
        }
#pragma warning disable CA1031 // whatever the body throws ends the job
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return await FailAsync(environment, exception).ConfigureAwait(false);
        }
    }

    /// <summary>What of an exception travels to the launcher.</summary>
    internal static string FirstLines(Exception exception)
    {
        string text = exception.ToString();
        return text.Length <= MaximumErrorCharacters ? text : text[..MaximumErrorCharacters] + " …";
    }

    /// <summary>Whether this rank failed because another one did, or the launcher ended the job: that error is shown, not this one.</summary>
    internal static async Task<bool> IsOfAbortAsync(MpiEnvironment environment, Exception exception)
    {
        // A rank that fails closes its links, or revokes: its neighbours may see that before they hear of the abort. And operations end with
        // an abort a moment before it can be asked for.
        MpiException? news = AbortInfo.NewsOfOthers(exception);
        if (news is PeerFailedException or CommunicatorRevokedException ||
            (news is JobAbortedException aborted && aborted.AbortingRank != environment.World.Rank))
            await environment.WaitForAbortAsync(AbortNews).ConfigureAwait(false);
        return environment.Aborted.IsCancellationRequested;
    }

    /// <summary>Exit code of a rank that ends along with its job.</summary>
    internal static int CodeOf(Exception exception) => exception is JobAbortedException { ExitCode: not 0 } aborted ? aborted.ExitCode : 1;

    private static AbortGuard Guard(MpiEnvironment environment) => new(environment.AbortedByOther, AbortGrace, Environment.Exit);

    private static int NotStarted(Exception exception)
    {
        // The error of a rank that ended the job meanwhile is shown, and would be once more by every rank that still starts.
        if (exception is not JobAbortedException { AbortingRank: >= 0 })
            Console.Error.WriteLine(exception.Message);
        return CodeOf(exception);
    }

    /// <summary>The body says by its exit code that the rank has failed: the others must not wait for it.</summary>
    private static async Task<int> FailAsync(MpiEnvironment environment, int code)
    {
        if (!environment.Aborted.IsCancellationRequested)
            await environment.AbortAsync(code, $"it returned exit code {code}").ConfigureAwait(false);
        await environment.EndAsync().ConfigureAwait(false);
        return code;
    }

    private static async Task<int> FailAsync(MpiEnvironment environment, Exception exception)
    {
        if (exception.GetBaseException() is QuitException quit)
            return await environment.QuitAsync(quit).ConfigureAwait(false);

        int rank = environment.World.Rank;
        int code = 1;
        if (await IsOfAbortAsync(environment, exception).ConfigureAwait(false))
        {
            code = CodeOf(exception);
        }
        else
        {
            await Console.Error.WriteLineAsync($"rank {rank} failed: {exception}").ConfigureAwait(false);
            await environment.AbortAsync(code, FirstLines(exception), exception).ConfigureAwait(false);
        }

        await environment.EndAsync().ConfigureAwait(false);
        return code;
    }
}
