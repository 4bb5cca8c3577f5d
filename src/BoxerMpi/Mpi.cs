namespace BoxerMpi;

/// <summary>Entry points for programs with a <c>Main</c> of their own; others use <see cref="MpiProgram"/>.</summary>
public static class Mpi
{
    /// <summary>Makes this process a rank of the job it was started for, or of a job of its own.</summary>
    /// <returns>The rank's environment; dispose it at the end of <c>Main</c>.</returns>
    /// <exception cref="RendezvousException">The coordinator did not take this rank, or could not be reached.</exception>
    /// <exception cref="LinkException">A link of the job's topology could not be set up.</exception>
    public static MpiEnvironment Initialize()
    {
        MpiEnvironment environment = MpiEnvironment.Start();
        AbortWhenUnhandled(environment);
        return environment;
    }

    /// <inheritdoc cref="Initialize"/>
    public static async Task<MpiEnvironment> InitializeAsync(CancellationToken cancellationToken = default)
    {
        MpiEnvironment environment = await MpiEnvironment.StartAsync(cancellationToken).ConfigureAwait(false);
        AbortWhenUnhandled(environment);
        return environment;
    }

    /// <summary>
    /// An exception that nobody catches ends the job, not only this rank; finalizers and disposals do not run then. When the job has been ended
    /// by others the process ends with their exit code, and says nothing.
    /// </summary>
    private static void AbortWhenUnhandled(MpiEnvironment environment) => AppDomain.CurrentDomain.UnhandledException += (_, arguments) =>
    {
        if (arguments.ExceptionObject is not Exception exception)
            return;
        if (exception.GetBaseException() is QuitException quit)
        {
            environment.QuitAsync(quit).AsTask().Wait(MpiProgram.AbortTimeout);
            Environment.Exit(quit.ExitCode);
        }

        Task<bool> isOfAbort = MpiProgram.IsOfAbortAsync(environment, exception);
        if (isOfAbort.Wait(MpiProgram.AbortTimeout) && isOfAbort.Result)
            Environment.Exit(MpiProgram.CodeOf(exception));
        environment.AbortAsync(1, MpiProgram.FirstLines(exception), exception).Wait(MpiProgram.AbortTimeout);
    };
}
