// What both frontends show: a page with a link to wherever is asked for, and a search in the real catalog.
import { Link } from '@backstage/core-components';
import { createApiFactory, discoveryApiRef, fetchApiRef } from '@backstage/core-plugin-api';
import { SearchBar, SearchContextProvider, searchApiRef, useSearch } from '@backstage/plugin-search-react';
import React, { useState } from 'react';
import { useLocation } from 'react-router-dom';

/** Search over the catalog's own full text filter, without a search backend. */
export const catalogSearchApi = createApiFactory({
  api: searchApiRef,
  deps: { discoveryApi: discoveryApiRef, fetchApi: fetchApiRef },
  factory: ({ discoveryApi, fetchApi }) => ({
    async query({ term }) {
      const catalog = await discoveryApi.getBaseUrl('catalog');
      const answer = await fetchApi.fetch(`${catalog}/entities/by-query?limit=5&fullTextFilterFields=metadata.name&fullTextFilterTerm=${encodeURIComponent(term)}`);
      const { items, totalItems } = await answer.json();
      return {
        numberOfResults: totalItems,
        results: items.map(({ metadata }) => ({ type: 'software-catalog', document: { title: metadata.name, text: '', location: `/page/${metadata.name}` } })),
      };
    },
  }),
});

function Found() {
  const { result, term } = useSearch();
  return <p data-testid="found">{term && result.value ? `${result.value.numberOfResults} found for ${term}` : ''}</p>;
}

export function Pages() {
  const [place, setPlace] = useState('');
  const { pathname } = useLocation();
  return (
    <main>
      <h1 data-testid="place">{pathname}</h1>
      <input data-testid="where" value={place} onChange={event => setPlace(event.target.value)} />
      <Link data-testid="go" to={`/page/${place}`}>{`to ${place}`}</Link>
      <SearchContextProvider>
        <SearchBar debounceTime={50} />
        <Found />
      </SearchContextProvider>
    </main>
  );
}
