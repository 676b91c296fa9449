/** Style sheets are taken by the bundler; importing one has no value. */
declare module '*.css'
